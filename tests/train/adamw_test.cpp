#include "framework/train/adamw.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "framework/base/error.h"
#include "testing/numeric.h"

namespace conclave {
namespace {

struct Net : Module {
  Tensor weight = at::randn({7, 5}), bias = at::randn({5}), gate = at::randn({3, 3});
  Net() {
    for (Tensor* t : {&weight, &bias, &gate}) t->set_requires_grad(true);
  }
  void visit(Visitor& v) override {
    v("layer.weight", weight);
    v("layer.bias", bias);
    v("gate.weight", gate);
  }
};

void set_grad(Tensor& t, const Tensor& grad) {
  t.mutable_grad() = grad.clone();
}

TEST(AdamW, OneHandComputedStep) {
  Net net;
  at::NoGradGuard no_grad;
  net.weight.fill_(2);
  set_grad(net.weight, at::full({7, 5}, 0.5));
  AdamWOptions options;
  options.weight_decay = 0.1;
  AdamW adamw(net, options);
  adamw.step(0.01);
  // First step: mean and root are g and |g| after correction, so the move is the rate; decay takes
  // 2·0.01·0.1.
  EXPECT_NEAR(net.weight[0][0].item<double>(), 2 - 0.002 - 0.01, 1e-6);
}

TEST(AdamW, FollowsTheFormulaInDouble) {
  Net net;
  AdamWOptions options;
  options.weight_decay = 0.05;
  AdamW adamw(net, options);
  double x = 0.7, m = 0, v = 0;
  at::NoGradGuard no_grad;
  net.gate.fill_(x);
  for (int t = 1; t <= 200; ++t) {
    const double g = std::sin(0.3 * t) + 0.2, rate = 0.01 / (1 + 0.01 * t);
    set_grad(net.gate, at::full({3, 3}, g * 4));
    adamw.step(rate, 0.25);
    m = 0.9 * m + 0.1 * g;
    v = 0.999 * v + 0.001 * g * g;
    x -= rate * 0.05 * x;
    x -= rate * (m / (1 - std::pow(0.9, t))) / (std::sqrt(v / (1 - std::pow(0.999, t))) + 1e-8);
    ASSERT_NEAR(net.gate[1][2].item<double>(), x, 2e-5) << t;
  }
}

TEST(AdamW, AgreesWithAtensFusedStep) {
  Net net;
  at::NoGradGuard no_grad;
  AdamW adamw(net, {});
  Tensor x = net.weight.clone(), m = at::zeros_like(x), v = at::zeros_like(x), t = at::zeros({});
  for (int step = 0; step < 20; ++step) {
    const Tensor g = at::randn_like(x);
    set_grad(net.weight, g);
    adamw.step(1e-2);
    t.add_(1);
    at::_fused_adamw_({x}, {g}, {m}, {v}, {}, {t}, 1e-2, 0.9, 0.999, 0.01, 1e-8, false, false);
  }
  EXPECT_LT(testing::max_difference(net.weight, x), 1e-6);
}

TEST(AdamW, OtherDevicesTakeTheSameStep) {
  const kernels::AdamWStep step{0.5f, 0.9f, 0.99f, 1e-8f, 0.999f, 0.02f, 3.f};
  const Tensor g = at::randn({1000});
  Tensor x = at::randn({1000}), m = at::randn({1000}), v = at::rand({1000});
  const Tensor x2 = x.clone(), m2 = m.clone(), v2 = v.clone();
  adamw_by_aten(step, g, x2, m2, v2);
  kernels::adamw(step, 1000, g.const_data_ptr<float>(), x.data_ptr<float>(), m.data_ptr<float>(),
                 v.data_ptr<float>());
  EXPECT_LT(testing::max_difference(x, x2), 1e-6);
  EXPECT_LT(testing::max_difference(m, m2), 1e-6);
  EXPECT_LT(testing::max_difference(v, v2), 1e-6);
}

TEST(AdamW, SameBitsForAnyThreadCount) {
  struct Large : Module {
    Tensor w;
    void visit(Visitor& v) override { v("w", w); }
  };
  const int threads = at::get_num_threads();
  const Tensor start = at::randn({333, 307}), gradient = at::randn({333, 307});
  Tensor expected;
  double norm = 0;
  for (const int n : {1, 2, 3}) {
    at::set_num_threads(n);
    Large large;
    large.w = start.clone().set_requires_grad(true);
    AdamW adamw(large, {});
    for (int i = 0; i < 3; ++i) {
      set_grad(large.w, gradient * (i + 1));
      adamw.step(1e-2);
    }
    if (n == 1) {
      expected = large.w.detach();
      norm = adamw.gradient_norm();
    } else {
      EXPECT_TRUE(at::equal(large.w.detach(), expected)) << n;
      EXPECT_EQ(adamw.gradient_norm(), norm) << n;
    }
  }
  at::set_num_threads(threads);
  EXPECT_NEAR(norm, gradient.to(at::kDouble).mul(3).norm().item<double>(), 1e-4 * norm);
}

TEST(AdamW, VectorsAndGroupsHaveTheirOwnDecayAndRate) {
  Net net;
  at::NoGradGuard no_grad;
  for (Tensor* t : {&net.weight, &net.bias, &net.gate}) {
    t->fill_(1);
    set_grad(*t, at::zeros_like(*t));  // decay alone moves a value whose gradient is zero
  }
  AdamWOptions options;
  options.weight_decay = 0.5;
  options.groups = {{"gate", 0.1, 0.2}, {"weight", 1, {}}};
  AdamW(net, options).step(0.1);
  EXPECT_FLOAT_EQ(net.weight[0][0].item<float>(), 1 - 0.1 * 0.5);
  EXPECT_FLOAT_EQ(net.bias[0].item<float>(), 1);
  EXPECT_FLOAT_EQ(net.gate[0][0].item<float>(), 1 - 0.1 * 0.1 * 0.2);
}

TEST(AdamW, AParameterWithoutGradientStays) {
  Net net;
  AdamW adamw(net, {});
  const Tensor before = net.bias.detach().clone();
  set_grad(net.weight, at::ones({7, 5}));
  adamw.step(0.1);
  adamw.step(0.1);
  EXPECT_TRUE(at::equal(net.bias.detach(), before));
  const auto state = named_tensors(adamw);
  EXPECT_EQ(state.back().name, "steps");
  EXPECT_EQ(state.back().tensor[0].item<int64_t>(), 2);
  EXPECT_EQ(state.back().tensor[1].item<int64_t>(), 0);
}

TEST(AdamW, NormIsThatOfAllGradientsAndNotFiniteWhenOneIsNot) {
  Net net;
  AdamW adamw(net, {});
  EXPECT_EQ(adamw.gradient_norm(), 0);
  set_grad(net.weight, at::full({7, 5}, 2.0));
  set_grad(net.bias, at::full({5}, -1.0));
  EXPECT_DOUBLE_EQ(adamw.gradient_norm(), std::sqrt(35 * 4 + 5));
  set_grad(net.gate, at::full({3, 3}, 3e38));  // the squares do not fit a float
  EXPECT_TRUE(std::isfinite(adamw.gradient_norm()));
  net.gate.grad()[2][2].fill_(NAN);
  EXPECT_FALSE(std::isfinite(adamw.gradient_norm()));
}

TEST(AdamW, RefusesOtherDtypesAndFrozenModels) {
  Net net;
  set_trainable(net, false);
  EXPECT_THROW(AdamW(net, {}), UsageError);
  net.gate = at::ones({2}, at::kBFloat16).set_requires_grad(true);
  EXPECT_THROW(AdamW(net, {}), UsageError);
}

}  // namespace
}  // namespace conclave
