#include "framework/nn/delta_rule.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "testing/numeric.h"

namespace conclave {
namespace {

using testing::max_difference;

struct DeltaInputs {
  Tensor q, k, v, decay, beta;

  DeltaInputs(int64_t tokens, double fastest) {
    at::manual_seed(3);
    q = at::randn({2, 3, tokens, 4});
    k = at::randn({2, 3, tokens, 4});
    k = k / k.norm(2, -1, true);
    v = at::randn({2, 3, tokens, 5});
    decay = -fastest * at::rand({2, 3, tokens});
    beta = at::rand({2, 3, tokens});
  }
  DeltaInputs part(int64_t from, int64_t count) const {
    DeltaInputs some = *this;
    for (Tensor* x : {&some.q, &some.k, &some.v, &some.decay, &some.beta}) *x = x->narrow(2, from, count);
    return some;
  }
  DeltaRule run(const Tensor& memory = {}) const { return gated_delta_rule(q, k, v, decay, beta, memory); }
};

// The rule as it is written, token by token.
DeltaRule one_by_one(const DeltaInputs& in) {
  Tensor memory = at::zeros({2, 3, 4, 5});
  std::vector<Tensor> read;
  for (int64_t t = 0; t < in.q.size(2); ++t) {
    const auto at_t = [&](const Tensor& x) { return x.narrow(2, t, 1); };
    memory = memory * at_t(in.decay).exp().unsqueeze(-1);
    const Tensor wrong = at_t(in.v) - at::matmul(at_t(in.k), memory);
    memory = memory + at::matmul((at_t(in.k) * at_t(in.beta).unsqueeze(-1)).transpose(-1, -2), wrong);
    read.push_back(at::matmul(at_t(in.q), memory));
  }
  return {at::cat(read, 2), memory};
}

TEST(DeltaRule, ChunksGiveWhatTokensGive) {
  for (const int64_t tokens : {1, 7, 64, 65, 150}) {
    for (const double fastest : {0.1, 5.0}) {
      const DeltaInputs in(tokens, fastest);
      const DeltaRule whole = in.run(), expected = one_by_one(in);
      EXPECT_LT(max_difference(whole.y_NHLV, expected.y_NHLV), 2e-5) << tokens << " " << fastest;
      EXPECT_LT(max_difference(whole.memory_NHKV, expected.memory_NHKV), 2e-5) << tokens << " " << fastest;
    }
  }
}

TEST(DeltaRule, GoesOnFromWhatWasRead) {
  const DeltaInputs in(100, 0.3);
  const DeltaRule whole = in.run(), first = in.part(0, 30).run(),
                  rest = in.part(30, 70).run(first.memory_NHKV);
  EXPECT_LT(max_difference(at::cat({first.y_NHLV, rest.y_NHLV}, 2), whole.y_NHLV), 2e-5);
  EXPECT_LT(max_difference(rest.memory_NHKV, whole.memory_NHKV), 2e-5);
}

TEST(DeltaRule, NothingReadLeavesTheMemory) {
  const Tensor memory = at::randn({2, 3, 4, 5});
  const DeltaRule none = DeltaInputs(5, 0.3).part(0, 0).run(memory);
  EXPECT_EQ(none.y_NHLV.sizes(), (std::vector<int64_t>{2, 3, 0, 5}));
  EXPECT_TRUE(at::equal(none.memory_NHKV, memory));
}

TEST(DeltaRule, GradientsReachEveryInput) {
  const DeltaInputs in(70, 0.2);
  std::vector<Tensor> tensors = {in.q, in.k, in.v, in.decay, in.beta};
  for (auto& t : tensors) t.set_requires_grad(true);
  const auto gradients = [&](const DeltaRule& made) {
    for (auto& t : tensors) t.mutable_grad() = Tensor();
    const Tensor weight = at::arange(made.y_NHLV.numel()).view_as(made.y_NHLV).to(at::kFloat).sin();
    ((made.y_NHLV * weight).sum() + made.memory_NHKV.sum()).backward();
    std::vector<Tensor> found;
    for (const auto& t : tensors) found.push_back(t.grad());
    return found;
  };
  const auto found = gradients(in.run()), expected = gradients(one_by_one(in));
  for (size_t i = 0; i < tensors.size(); ++i)
    EXPECT_LT(max_difference(found[i], expected[i]), 2e-4 * expected[i].abs().max().item<double>()) << i;
}

}  // namespace
}  // namespace conclave
