#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "framework/base/error.h"
#include "framework/nn/conv2d.h"
#include "framework/nn/embedding.h"
#include "framework/nn/ffn.h"
#include "framework/nn/norm.h"
#include "testing/numeric.h"

namespace conclave {
namespace {

using testing::check_gradient;
using testing::max_difference;

TEST(Embedding, LooksUpRows) {
  Embedding table(5, 3);
  const Tensor ids = at::tensor({4, 0, 4}, at::kLong);
  const Tensor y = table.forward(ids);
  EXPECT_TRUE(at::equal(y[0], table.weight[4]));
  EXPECT_TRUE(at::equal(y[1], table.weight[0]));
  EXPECT_THROW(table.forward(at::tensor({5}, at::kLong)), std::exception);
}

TEST(RmsNorm, FollowsTheFormula) {
  RmsNorm norm(4, 1e-6);
  norm.weight = at::tensor({1.f, 2.f, 3.f, 4.f});
  const Tensor y = norm.forward(at::tensor({1.f, -2.f, 2.f, 4.f}));
  const float rms = std::sqrt(25.f / 4);
  EXPECT_LT(max_difference(y, at::tensor({1 / rms, -4 / rms, 6 / rms, 16 / rms})), 1e-5);
}

TEST(RmsNorm, GradientsEqualThoseOfTheFormula) {
  at::manual_seed(4);
  RmsNorm norm(6, 1e-3);
  norm.weight = at::randn({6}).set_requires_grad(true);
  Tensor x = at::randn({2, 3, 6}).set_requires_grad(true);
  const Tensor mix = at::randn({2, 3, 6});
  (norm.forward(x) * mix).sum().backward();
  const Tensor dx = x.grad().clone(), dweight = norm.weight.grad().clone();
  x.mutable_grad() = norm.weight.mutable_grad() = Tensor();
  (x / (x.square().mean(-1, true) + 1e-3).sqrt() * norm.weight * mix).sum().backward();
  EXPECT_LT(max_difference(dx, x.grad()), 1e-5);
  EXPECT_LT(max_difference(dweight, norm.weight.grad()), 1e-5);
}

TEST(RmsNorm, FrozenPartsGetNoGradient) {
  RmsNorm norm(4);
  Tensor x = at::randn({3, 4}).set_requires_grad(true);
  norm.forward(x).sum().backward();
  EXPECT_TRUE(x.grad().defined());
  norm.weight.set_requires_grad(true);
  norm.forward(at::randn({3, 4})).sum().backward();
  EXPECT_TRUE(norm.weight.grad().defined());
}

TEST(RmsNorm, ZeroRowStaysZero) {
  EXPECT_EQ(RmsNorm(4).forward(at::zeros({2, 4})).abs().max().item<float>(), 0);
}

TEST(RmsNorm, KeepsBfloat16AndItsRange) {
  // 300² does not overflow bfloat16, but its sum loses digits there.
  RmsNorm norm(1024);
  to_dtype(norm, at::kBFloat16);
  const Tensor y = norm.forward(at::full({1, 1024}, 300.0).to(at::kBFloat16));
  EXPECT_EQ(y.scalar_type(), at::kBFloat16);
  EXPECT_LT(max_difference(y, at::ones({1, 1024})), 1e-2);
}

TEST(LayerNorm, FollowsTheFormula) {
  LayerNorm norm(4);
  const Tensor x = at::randn({3, 4});
  const Tensor mean = x.mean(-1, true), var = (x - mean).square().mean(-1, true);
  EXPECT_LT(max_difference(norm.forward(x), (x - mean) / (var + 1e-5).sqrt()), 1e-5);
}

TEST(Norm, UnknownKindIsAUsageError) {
  EXPECT_THROW(make_norm("batch_norm", 4, 1e-5), UsageError);
}

TEST(Conv2d, MatchesAnExplicitLoop) {
  at::manual_seed(3);
  Conv2d conv(2, 3, 3, {.stride = 2, .padding = 1});
  conv.bias = at::randn({3});
  const Tensor x = at::randn({1, 2, 5, 6});
  const Tensor y = conv.forward(x);
  ASSERT_EQ(y.sizes(), (std::vector<int64_t>{1, 3, 3, 3}));
  for (int64_t o = 0; o < 3; ++o) {
    for (int64_t i = 0; i < 3; ++i) {
      for (int64_t j = 0; j < 3; ++j) {
        double sum = conv.bias[o].item<double>();
        for (int64_t c = 0; c < 2; ++c) {
          for (int64_t u = 0; u < 3; ++u) {
            for (int64_t v = 0; v < 3; ++v) {
              const int64_t row = 2 * i + u - 1, col = 2 * j + v - 1;
              if (row < 0 || row >= 5 || col < 0 || col >= 6) continue;
              sum += x[0][c][row][col].item<double>() * conv.weight[o][c][u][v].item<double>();
            }
          }
        }
        EXPECT_NEAR(y[0][o][i][j].item<double>(), sum, 1e-5);
      }
    }
  }
}

TEST(Conv2d, GroupsMustDivide) {
  EXPECT_THROW(Conv2d(3, 4, 1, {.groups = 2}), UsageError);
}

TEST(Activation, KnownValues) {
  const Tensor x = at::tensor({-1.0, 0.5, 2.0}, at::kDouble);
  const auto expect = [&](Activation a, std::vector<double> y) {
    EXPECT_LT(max_difference(activate(a, x), at::tensor(y, at::kDouble)), 1e-6) << activation_name(a);
  };
  expect(Activation::silu, {-0.2689414, 0.3112297, 1.7615942});
  expect(Activation::gelu, {-0.1586553, 0.3457312, 1.9544997});
  expect(Activation::gelu_tanh, {-0.1588080, 0.3457140, 1.9545977});
  expect(Activation::quick_gelu, {-0.1542042, 0.3503884, 1.9356586});
  expect(Activation::relu, {0, 0.5, 2});
  expect(Activation::relu2, {0, 0.25, 4});
  expect(Activation::tanh, {-0.7615942, 0.4621172, 0.9640276});
}

TEST(Activation, NamesGoBothWays) {
  for (const auto* name : {"silu", "gelu", "gelu_tanh", "quick_gelu", "relu", "relu2", "tanh"}) {
    EXPECT_EQ(activation_name(parse_activation(name)), name);
  }
  EXPECT_EQ(parse_activation("gelu_new"), Activation::gelu_tanh);
  EXPECT_THROW(parse_activation("sigmoidal"), UsageError);
}

TEST(Ffn, GatedFollowsTheFormula) {
  at::manual_seed(1);
  auto ffn = make_ffn({{"hidden", 6}}, 4, {.in = 0.5, .out = 0.5});
  auto& g = dynamic_cast<GatedFfn&>(*ffn);
  const Tensor x = at::randn({3, 4});
  const Tensor a = at::matmul(x, g.gate_proj.weight.t());
  const Tensor expected =
      at::matmul(a * at::sigmoid(a) * at::matmul(x, g.up_proj.weight.t()), g.down_proj.weight.t());
  EXPECT_LT(max_difference(ffn->forward(x, {}), expected), 1e-6);
}

TEST(Ffn, PlainHasBiasesAndRightGradients) {
  at::manual_seed(1);
  auto ffn = make_ffn({{"kind", "plain_ffn"}, {"hidden", 6}}, 4, {.in = 0.5, .out = 0.5});
  EXPECT_EQ(count_parameters(*ffn), 4 * 6 + 6 + 6 * 4 + 4);
  set_trainable(*ffn, true);
  const Tensor x = at::randn({3, 4});
  for (const auto& p : named_parameters(*ffn)) {
    check_gradient([&] { return ffn->forward(x, {}).square().sum(); }, p.tensor, 1e-2);
  }
}

TEST(Ffn, DepthScalesTheOutputProjection) {
  const auto std = InitStd::for_depth(8);
  EXPECT_DOUBLE_EQ(std.out, 0.02 / 4);
  at::manual_seed(2);
  GatedFfn ffn(64, 256, Activation::silu, false, std);
  EXPECT_NEAR(ffn.down_proj.weight.std().item<double>(), 0.005, 0.0002);
  EXPECT_NEAR(ffn.up_proj.weight.std().item<double>(), 0.02, 0.0008);
}

TEST(Ffn, BadConfigurationNamesTheKey) {
  EXPECT_THROW(make_ffn({{"hidden", 0}}, 4), UsageError);
  EXPECT_THROW(make_ffn({{"hidden", 4}, {"wings", 2}}, 4), UsageError);
  EXPECT_THROW(make_ffn(Json::object(), 4), UsageError);
}

TEST(Initialisation, SeedDecides) {
  const auto build = [] {
    at::manual_seed(7);
    return GatedFfn(8, 8, Activation::silu).down_proj.weight;
  };
  EXPECT_TRUE(at::equal(build(), build()));
}

}  // namespace
}  // namespace conclave
