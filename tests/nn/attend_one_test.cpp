// One new token over what was read, in bfloat16.
#include "framework/nn/attend_one.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include "framework/tensor/cpu/dot.h"
#include "testing/numeric.h"

namespace conclave {
namespace {

Tensor narrow_random(at::IntArrayRef shape) {
  return at::randn(shape).to(at::kBFloat16);
}

// In float64, from the same numbers.
Tensor wanted(const Tensor& q, const std::vector<KeyValue>& pieces) {
  std::vector<Tensor> keys, values;
  for (const auto& [k, v] : pieces) {
    const int64_t share = q.size(0) / k.size(0), group = q.size(1) / k.size(1);
    keys.push_back(k.to(at::kDouble).repeat_interleave(share, 0).repeat_interleave(group, 1));
    values.push_back(v.to(at::kDouble).repeat_interleave(share, 0).repeat_interleave(group, 1));
  }
  const Tensor score = at::matmul(q.to(at::kDouble), at::cat(keys, 2).transpose(2, 3)) /
                       std::sqrt(static_cast<double>(q.size(3)));
  return at::matmul(score.softmax(-1), at::cat(values, 2));
}

TEST(AttendOne, GivesTheSumsWithinTheTypesRounding) {
  at::manual_seed(4);
  const at::NoGradGuard no_grad;
  for (const int64_t width : {64, 24, 7})
    for (const int64_t group : {1, 3, 4}) {
      const Tensor q = narrow_random({4, 2 * group, 1, width});
      const std::vector<KeyValue> one = {
          {narrow_random({4, 2, 33, width}), narrow_random({4, 2, 33, width})}};
      // Shared by two rows each, and a buffer with room behind its keys.
      const std::vector<KeyValue> two = {
          {narrow_random({2, 2, 9, width}), narrow_random({2, 2, 9, width + 5})},
          {narrow_random({4, 2, 40, width}).narrow(2, 0, 21),
           narrow_random({4, 2, 40, width + 5}).narrow(2, 0, 21)}};
      for (const auto& pieces : {one, two}) {
        const Tensor y = attend_one(q, pieces, {});
        ASSERT_TRUE(y.defined());
        EXPECT_EQ(y.scalar_type(), at::kBFloat16);
        const Tensor want = wanted(q, pieces);
        EXPECT_LT(testing::max_difference(y.to(at::kDouble), want), 2.5 / 256) << width << " " << group;
        EXPECT_TRUE(at::equal(attend(q, pieces, {}), y));
        // A row alone has the same bits.
        std::vector<KeyValue> own;
        for (const auto& [k, v] : pieces) {
          const int64_t row = 3 / (4 / k.size(0));
          own.push_back({k.narrow(0, row, 1), v.narrow(0, row, 1)});
        }
        EXPECT_TRUE(at::equal(attend_one(q.narrow(0, 3, 1), own, {})[0], y[3]));
      }
    }
}

TEST(AttendOne, LeavesTheRestToOthers) {
  const Tensor q = narrow_random({1, 2, 1, 8}), k = narrow_random({1, 2, 5, 8});
  const std::vector<KeyValue> pieces = {{k, k}};
  EXPECT_TRUE(attend_one(q, pieces, {}).defined());
  EXPECT_FALSE(attend_one(narrow_random({1, 2, 2, 8}), pieces, {}).defined()) << "two queries";
  EXPECT_FALSE(attend_one(q, pieces, {.allowed = at::ones({1, 1, 1, 5}, at::kBool)}).defined());
  EXPECT_FALSE(attend_one(q, pieces, {.causal = true}).defined());
  const std::vector<KeyValue> wide = {{k.to(at::kFloat), k.to(at::kFloat)}};
  EXPECT_FALSE(attend_one(q.to(at::kFloat), wide, {}).defined());
  EXPECT_FALSE(attend_one(q.clone().requires_grad_(true), pieces, {}).defined());
}

TEST(AttendOne, EveryMachinesKernelMixesRows) {
  at::manual_seed(5);
  for (const auto* dot : kernels::usable_dot_kernels())
    for (const int64_t n : {1, 5, 16, 64, 83}) {
      const Tensor x = at::randn({3, 11}), w = narrow_random({11, n + 3});
      const float* rows[3];
      for (int r = 0; r < 3; ++r) rows[r] = x.const_data_ptr<float>() + r * 11;
      Tensor out = at::full({3, n + 1}, 7.0F);
      dot->mix_bf16(rows, 3, reinterpret_cast<const kernels::Bf16*>(w.const_data_ptr<at::BFloat16>()), n + 3,
                    11, n, out.mutable_data_ptr<float>(), n + 1);
      const Tensor want = at::matmul(x, w.to(at::kFloat).narrow(1, 0, n));
      EXPECT_LT(testing::max_difference(out.narrow(1, 0, n), want), 1e-5) << dot->name << " " << n;
      EXPECT_TRUE(out.select(1, n).eq(7).all().item<bool>()) << "nothing is written behind them";
    }
}

}  // namespace
}  // namespace conclave
