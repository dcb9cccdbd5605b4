#include "framework/train/muon.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "framework/tensor/state.h"
#include "framework/train/adamw.h"

namespace conclave {
namespace {

TEST(Muon, BringsEverySingularValueNearOne) {
  at::manual_seed(2);
  for (const auto& shape : {std::vector<int64_t>{16, 40}, {40, 16}, {3, 12, 20}}) {
    const Tensor m = at::randn(shape) * 1e-3;
    const Tensor singular = at::linalg_svdvals(orthogonalised(m));
    EXPECT_GT(singular.min().item<double>(), 0.3) << shape;
    EXPECT_LT(singular.max().item<double>(), 1.3) << shape;
  }
}

TEST(Muon, KeepsTheDirectionsOfTheMatrix) {
  at::manual_seed(3);
  const Tensor m = at::randn({10, 24});
  const auto [u, s, v] = at::linalg_svd(m, false);
  const Tensor nearest = at::matmul(u, v), found = orthogonalised(m);
  const double cosine = ((nearest * found).sum() / (nearest.norm() * found.norm())).item<double>();
  EXPECT_GT(cosine, 0.97);
  EXPECT_EQ(orthogonalised(at::zeros({4, 4})).abs().max().item<double>(), 0);
}

TEST(Muon, AMatrixAloneAndInABankMoveAlike) {
  at::manual_seed(4);
  const Tensor start = at::randn({3, 6, 9}), gradient = at::randn({3, 6, 9});
  Tensor bank = start.clone(), momentum = at::zeros({3, 6, 9});
  muon_step(gradient, 0.01, 0.99, bank, momentum);
  for (int64_t e = 0; e < 3; ++e) {
    Tensor one = start[e].clone(), own = at::zeros({6, 9});
    muon_step(gradient[e], 0.01, 0.99, one, own);
    EXPECT_TRUE(at::allclose(one, bank[e], 1e-5, 1e-6));
    // Decay, then a change whose root mean square is about 0.2 of the rate, whatever the gradient's size.
    const double rms = (one - 0.99 * start[e]).square().mean().sqrt().item<double>();
    EXPECT_NEAR(rms, 0.01 * 0.2, 0.0006);
  }
}

struct Two : Module {
  Tensor matrix = at::randn({6, 9}), vector = at::randn({9}), other = at::randn({6, 9});
  Two() {
    for (Tensor* t : {&matrix, &vector, &other}) t->set_requires_grad(true);
  }
  void visit(Visitor& v) override {
    v("inner.matrix", matrix);
    v("inner.vector", vector);
    v("other", other);
  }
};

TEST(Muon, TakesOnlyTheMatricesOfItsGroup) {
  at::manual_seed(5);
  Two net;
  const Tensor before = net.matrix.detach().clone(), vector = net.vector.detach().clone(),
               other = net.other.detach().clone();
  AdamWOptions options;
  options.weight_decay = 0;
  options.groups = {{.pattern = "inner", .weight_decay = {}, .muon = true}};
  AdamW optimizer(net, options);
  for (Tensor* t : {&net.matrix, &net.vector, &net.other}) t->mutable_grad() = at::ones_like(*t);
  optimizer.step(0.01);
  EXPECT_TRUE(at::allclose(vector - net.vector.detach(), at::full({9}, 0.01), 1e-3));
  EXPECT_TRUE(at::allclose(other - net.other.detach(), at::full({6, 9}, 0.01), 1e-3));
  // A gradient of ones has one direction: its orthogonal part is 1/sqrt(54) everywhere.
  const double moved = (before - net.matrix.detach()).mean().item<double>();
  EXPECT_NEAR(moved, 0.01 * 0.2 * 3 / std::sqrt(54.0), 0.0003);
  for (const auto& t : named_tensors(optimizer)) {
    if (t.name == "exp_avg_sq.inner.matrix") {
      EXPECT_EQ(t.tensor.numel(), 0);
    }
  }
}

}  // namespace
}  // namespace conclave
