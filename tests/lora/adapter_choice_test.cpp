// Several adapters of one projection, chosen token by token.
#include "framework/lora/adapter_choice.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "framework/base/error.h"
#include "framework/lora/lora.h"
#include "testing/numeric.h"

namespace conclave {
namespace {

TEST(AdapterChoice, EachTokenRunsThroughItsOwn) {
  at::manual_seed(3);
  const LoraOptions options{.rank = 2, .alpha = 4};
  const auto first = std::make_shared<Lora>(6, 5, options), third = std::make_shared<Lora>(6, 5, options);
  first->b_OR.normal_();
  third->b_OR.normal_();
  AdapterChoice choice;
  choice.adapters = {first, nullptr, third};
  choice.outs = 5;
  const Tensor x_NLD = at::randn({2, 4, 6});
  TokenContext context;
  context.adapter_T = at::tensor({0, 2, -1, 1, 2, 0, 0, -1}, at::kLong);
  const Tensor y_NLO = choice.delta(x_NLD, context);
  ASSERT_EQ(y_NLO.sizes(), (std::vector<int64_t>{2, 4, 5}));
  const Tensor y_TO = y_NLO.view({8, 5}), x_TD = x_NLD.view({8, 6});
  for (int64_t t = 0; t < 8; ++t) {
    const auto which = context.adapter_T[t].item<int64_t>();
    const Tensor want = which == 0   ? first->delta(x_TD[t], {})
                        : which == 2 ? third->delta(x_TD[t], {})
                                     : at::zeros({5});
    EXPECT_LT(testing::max_difference(y_TO[t], want), 1e-6) << t;
  }
  context.adapter_T = at::full({8}, 2, at::kLong);  // all of one: as if it were alone
  EXPECT_TRUE(at::equal(choice.delta(x_NLD, context), third->delta(x_NLD, {})));
  EXPECT_EQ(choice.delta(x_NLD, {}).abs().max().item<double>(), 0) << "nothing is chosen";
  context.adapter_T = at::zeros({7}, at::kLong);
  EXPECT_THROW(choice.delta(x_NLD, context), Error);
}

}  // namespace
}  // namespace conclave
