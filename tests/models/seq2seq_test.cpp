// Decoders that look at an encoder: step by step, with padding, and T5's positions.
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "framework/base/error.h"
#include "models/seq2seq/cross_decoder.h"
#include "models/seq2seq/t5_encoder.h"
#include "testing/numeric.h"

namespace conclave {
namespace {

using testing::max_difference;

Ptr<CrossDecoder> decoder() {
  at::manual_seed(2);
  return make_cross_decoder(Json::parse(R"({"width": 12, "layers": 3, "heads": 3, "moe_layers": [1],
    "ffn": {"kind": "plain_ffn", "hidden": 16},
    "moe": {"experts": {"kind": "ffn", "count": 4, "hidden": 8},
            "router": {"score": "linear", "select": {"kind": "top_k", "k": 2}, "weigh": "softmax"}}})"),
                            0, "decoder");
}

TEST(CrossDecoder, StepByStepIsAllAtOnce) {
  const at::NoGradGuard no_grad;
  const auto stack = decoder();
  const Tensor x = at::randn({2, 6, 12}), read = at::randn({2, 5, 12});
  const Memory memory = stack->remember(read, {});
  const Tensor whole = stack->forward(x, memory, {});
  DecodeState state = stack->new_state();
  TokenContext context;
  context.past = &state;
  for (int64_t i = 0; i < 6; ++i)
    EXPECT_LT(max_difference(stack->forward(x.narrow(1, i, 1), memory, context), whole.narrow(1, i, 1)),
              1e-5);
  EXPECT_EQ(state.length(), 6);
}

TEST(CrossDecoder, PaddingOfTheMemoryIsNotSeen) {
  const at::NoGradGuard no_grad;
  const auto stack = decoder();
  const Tensor x = at::randn({2, 3, 12}), read = at::randn({2, 5, 12});
  const Tensor valid = at::tensor({1, 1, 1, 0, 0, 1, 1, 1, 1, 1}, at::kInt).to(at::kBool).view({2, 5});
  const Tensor y = stack->forward(x, stack->remember(read, valid), {});
  const Tensor alone =
      stack->forward(x.narrow(0, 0, 1), stack->remember(read.narrow(0, 0, 1).narrow(1, 0, 3), {}), {});
  EXPECT_LT(max_difference(y.narrow(0, 0, 1), alone), 1e-5);
  // A memory of nothing but padding gives numbers all the same.
  EXPECT_TRUE(stack->forward(x, stack->remember(at::zeros_like(read), at::zeros({2, 5}, at::kBool)), {})
                  .isfinite()
                  .all()
                  .item<bool>());
}

TEST(CrossDecoder, SettingsAreNamed) {
  try {
    make_cross_decoder(Json::parse(R"({"width": 10, "layers": 1, "heads": 3})"), 0, "decoder");
    FAIL();
  } catch (const UsageError& e) {
    EXPECT_THAT(e.what(), ::testing::HasSubstr("decoder.heads = 3: must divide the width 10"));
  }
}

TEST(Sinusoids, OneToATenThousandth) {
  const Tensor table = sinusoids(at::arange(3), 4);
  const double slow = std::exp(-std::log(10000.0));
  EXPECT_NEAR(table[2][0].item<double>(), std::sin(2.0), 1e-6);
  EXPECT_NEAR(table[2][1].item<double>(), std::sin(2 * slow), 1e-6);
  EXPECT_NEAR(table[2][2].item<double>(), std::cos(2.0), 1e-6);
  EXPECT_EQ(max_difference(sinusoids(at::arange(3), 4, true).narrow(1, 0, 2), table.narrow(1, 2, 2)), 0);
}

TEST(T5, BucketsOfDistances) {
  const Tensor far = at::tensor({0, 1, -1, -2, -3, -6, 6, -16, 100}, at::kLong);
  EXPECT_TRUE(at::equal(relative_bucket(far, 8, 16), at::tensor({0, 5, 1, 2, 2, 3, 7, 3, 7}, at::kLong)));
}

TEST(T5, PaddingIsNotSeen) {
  const at::NoGradGuard no_grad;
  at::manual_seed(4);
  const auto encoder = make_t5_encoder(
      Json::parse(R"({"vocabulary": 20, "width": 8, "layers": 2, "heads": 2, "head_dim": 3, "hidden": 10,
                      "gated": true, "activation": "gelu_new", "buckets": 8, "farthest": 16})"),
      "text");
  Tensor ids = at::tensor({3, 4, 5, 6, 7, 8}, at::kLong).view({1, 6});
  const Tensor valid = at::tensor({1, 1, 1, 1, 0, 0}, at::kInt).to(at::kBool).view({1, 6});
  const Tensor y = encoder->forward(ids, valid);
  EXPECT_LT(max_difference(y.narrow(1, 0, 4), encoder->forward(ids.narrow(1, 0, 4), {})), 1e-5);
}

}  // namespace
}  // namespace conclave
