// The vector kernels against float64 sums, for every instruction set this machine has, and their promise that
// a row's bits do not depend on the rows beside it.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include "experts_common.h"
#include "framework/moe/experts/ffn.h"
#include "framework/moe/kernels/backend.h"
#include "framework/tensor/cpu/dot.h"
#include "framework/moe/kernels/ffn.h"
#include "framework/moe/kernels/grouped.h"

namespace conclave::kernels {
namespace {

using conclave::testing::random_routing;

std::vector<const float*> row_pointers(const Tensor& x_ND) {
  std::vector<const float*> rows;
  for (int64_t r = 0; r < x_ND.size(0); ++r) rows.push_back(x_ND.const_data_ptr<float>() + r * x_ND.size(1));
  return rows;
}

Tensor product(const DotKernels& dot, const Tensor& x_ND, const Tensor& w_FD) {
  const auto rows = row_pointers(x_ND);
  const int64_t n = x_ND.size(1), outs = w_FD.size(0);
  Tensor out = at::full({x_ND.size(0), outs + 3}, 7.0);  // the gap must stay as it is
  if (w_FD.scalar_type() == at::kFloat) {
    dot.product(rows.data(), x_ND.size(0), w_FD.const_data_ptr<float>(), n, outs, n,
                out.mutable_data_ptr<float>(), outs + 3);
  } else {
    dot.product_bf16(rows.data(), x_ND.size(0),
                     reinterpret_cast<const Bf16*>(w_FD.const_data_ptr<at::BFloat16>()), n, outs, n,
                     out.mutable_data_ptr<float>(), outs + 3);
  }
  EXPECT_TRUE(at::equal(out.narrow(1, outs, 3), at::full({x_ND.size(0), 3}, 7.0)));
  return out.narrow(1, 0, outs);
}

TEST(DotKernels, MatchFloat64Sums) {
  at::manual_seed(1);
  for (const auto* dot : usable_dot_kernels()) {
    SCOPED_TRACE(dot->name);
    for (const int64_t n : {1, 3, 16, 17, 40, 250}) {
      for (const int64_t rows : {1, 2, 3, 4, 5, 7, 8}) {
        for (const int64_t outs : {1, 4, 7, 8, 13}) {
          const Tensor x = at::randn({rows, n}), w = at::randn({outs, n}), half = w.to(at::kBFloat16);
          const auto error = [&](const Tensor& weight) {
            const Tensor want = at::mm(x.to(at::kDouble), weight.to(at::kDouble).t());
            return (product(*dot, x, weight) - want).abs().max().item<double>();
          };
          EXPECT_LT(error(w), 1e-5 * std::sqrt(n)) << n << " " << rows << " " << outs;
          EXPECT_LT(error(half), 1e-5 * std::sqrt(n)) << n << " " << rows << " " << outs;
        }
      }
    }
  }
}

TEST(DotKernels, ARowsBitsDependOnItselfAlone) {
  at::manual_seed(2);
  const Tensor x = at::randn({9, 70}), w = at::randn({21, 70});
  for (const auto* dot : usable_dot_kernels()) {
    const Tensor all = product(*dot, x, w);
    for (int64_t r = 0; r < 9; ++r) {
      EXPECT_TRUE(at::equal(product(*dot, x.narrow(0, r, 1), w), all.narrow(0, r, 1))) << dot->name;
    }
    EXPECT_TRUE(at::equal(product(*dot, x, w.narrow(0, 5, 3)), all.narrow(1, 5, 3))) << dot->name;
  }
}

TEST(DotKernels, SwishMatchesFloat64) {
  for (const auto* dot : usable_dot_kernels()) {
    for (const float scale : {1.0F, 1.702F}) {
      Tensor h = at::cat({at::linspace(-30, 30, 1001), at::tensor({-100.0F, 100.0F, 0.0F, -1e30F, 1e30F})});
      const Tensor x = h.to(at::kDouble), want = x * at::sigmoid(scale * x);
      dot->swish(scale, h.mutable_data_ptr<float>(), h.numel());
      const Tensor error = (h.to(at::kDouble) - want).abs() / (1e-6 + want.abs());
      // exp is held within float32's range, so a huge negative input ends near zero, not at zero.
      EXPECT_LT(error.narrow(0, 0, 1001).max().item<double>(), 1e-6) << dot->name;
      EXPECT_LT(h[1001].abs().item<float>(), 1e-30F) << dot->name;
      EXPECT_EQ(h[1002].item<float>(), 100) << dot->name;
      EXPECT_EQ(h[1003].item<float>(), 0) << dot->name;
      EXPECT_EQ(h[1005].item<float>(), 1e30F) << dot->name;
    }
  }
}

TEST(GroupedBackends, CpuMatchesTheReference) {
  at::manual_seed(3);
  const auto routing = random_routing(37, 3, 6, 4, 0.1);
  const auto order = sort_rows(routing.expert_TK, 5);
  const Offsets offsets{order.offsets_E1.const_data_ptr<int32_t>(), 6};
  const Tensor x = at::randn({order.rows(), 19}), w = at::randn({5, 23, 19});
  Tensor got = at::empty({order.rows(), 23}), want = at::empty_like(got);
  ASSERT_TRUE(cpu_backend().accepts(x, w));
  cpu_backend().product(x, w, offsets, got);
  reference_backend().product(x, w, offsets, want);
  EXPECT_LT((got - want).abs().max().item<double>(), 1e-5);
  EXPECT_FALSE(cpu_backend().accepts(x.to(at::kDouble), w.to(at::kDouble)));
}

TEST(SortRows, CountingSortKeepsTokenOrder) {
  const Tensor expert = at::tensor({2, 0, -1, 2, 7, 0, 2, 1}, at::kInt).view({4, 2});
  const auto order = sort_rows(expert, 3);
  EXPECT_TRUE(at::equal(order.offsets_E1, at::tensor({0, 2, 3, 6}, at::kInt)));
  EXPECT_TRUE(at::equal(order.slot_N, at::tensor({1, 5, 7, 0, 3, 6}, at::kLong)));
  EXPECT_TRUE(at::equal(order.token_N, at::tensor({0, 2, 3, 0, 1, 3}, at::kLong)));
  EXPECT_TRUE(at::equal(order.expert_N, at::tensor({0, 0, 1, 2, 2, 2}, at::kLong)));
  EXPECT_TRUE(at::equal(order.row_TK.view(-1), at::tensor({3, 0, -1, 4, -1, 1, 5, 2}, at::kLong)));
  EXPECT_THROW(sort_rows(expert.to(at::kLong), 3), std::exception);
}

struct FusedFfn : ::testing::Test {
  FusedFfn() { at::manual_seed(5); }
  FfnExperts bank{{72, 8}, {.hidden = 104, .bias = true}};
  Tensor x = at::randn({33, 72});
  Routing routing = random_routing(33, 3, 9, 6, 0.1);

  static Routing rows(const Routing& r, int64_t first, int64_t count) {
    Routing part;
    part.expert_TK = r.expert_TK.narrow(0, first, count);
    part.weight_TK = r.weight_TK.narrow(0, first, count);
    return part;
  }
};

TEST_F(FusedFfn, TokensGiveTheSameBitsAloneAndTogether) {
  bank.b1_EF.normal_();
  bank.b3_EF.normal_();
  const Tensor all = bank.forward(x, routing, {});
  for (const int64_t count : {1, 2, 3, 4, 7}) {
    for (int64_t t = 0; t + count <= 33; t += count) {
      EXPECT_TRUE(at::equal(bank.forward(x.narrow(0, t, count), rows(routing, t, count), {}),
                            all.narrow(0, t, count)));
    }
  }
}

TEST_F(FusedFfn, ThreadsDoNotChangeBits) {
  FfnExperts large({256, 8}, {.hidden = 512});
  const Tensor tokens = at::randn({33, 256});
  const int before = at::get_num_threads();
  at::set_num_threads(1);
  const Tensor alone = large.forward(tokens, routing, {});
  at::set_num_threads(3);
  const Tensor threaded = large.forward(tokens, routing, {});
  at::set_num_threads(before);
  EXPECT_TRUE(at::equal(alone, threaded));
}

TEST_F(FusedFfn, AgreesWithTheDifferentiablePath) {
  for (const auto activation :
       {Activation::silu, Activation::gelu, Activation::gelu_tanh, Activation::quick_gelu, Activation::relu,
        Activation::relu2, Activation::tanh}) {
    bank.activation = activation;
    const Tensor fused = bank.forward(x, routing, {});
    const Tensor traced = bank.forward(x.detach().clone().set_requires_grad(true), routing, {});
    EXPECT_TRUE(traced.requires_grad());
    EXPECT_LT((fused - traced).abs().max().item<double>(), 1e-5) << activation_name(activation);
  }
}

TEST_F(FusedFfn, Bfloat16WeightsAndActivations) {
  const Tensor want = bank.forward(x, routing, {});
  FfnExperts half = bank;
  to_dtype(half, at::kBFloat16);
  for (const int64_t count : {1, 4, 33}) {
    const auto part = rows(routing, 0, count);
    const Tensor exact = want.narrow(0, 0, count);
    for (const auto dtype : {at::kFloat, at::kBFloat16}) {
      const Tensor got = half.forward(x.narrow(0, 0, count).to(dtype), part, {});
      EXPECT_EQ(got.scalar_type(), dtype);
      EXPECT_LT((got.to(at::kFloat) - exact).norm().item<double>(), 0.02 * exact.norm().item<double>());
    }
  }
}

TEST_F(FusedFfn, LeavesOtherDtypesToTheReference) {
  to_dtype(bank, at::kDouble);
  const FfnWeights weights{bank.w1_EFD, bank.w3_EFD, bank.w2_EDF, bank.b1_EF, bank.b3_EF, bank.b2_ED, bank.activation};
  EXPECT_FALSE(fused_ffn(x.to(at::kDouble), weights, routing.expert_TK, routing.weight_TK).defined());
  EXPECT_EQ(bank.forward(x.to(at::kDouble), routing, {}).scalar_type(), at::kDouble);
}

}  // namespace
}  // namespace conclave::kernels
