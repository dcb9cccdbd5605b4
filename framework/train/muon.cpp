#include "framework/train/muon.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <cmath>

namespace conclave {
namespace {

// The odd polynomial a·x + b·x³ + c·x⁵, iterated, takes (0, 1] to about 1 in few steps.
constexpr double kA = 3.4445, kB = -4.7750, kC = 2.0315;
constexpr int kSteps = 5;
constexpr double kEpsilon = 1e-7;
constexpr double kScale = 0.2;

}  // namespace

Tensor orthogonalised(const Tensor& m) {
  const bool tall = m.size(-2) > m.size(-1);
  Tensor x = (tall ? m.transpose(-2, -1) : m).contiguous();
  x = x / (at::linalg_vector_norm(x, 2, {-2, -1}, true) + kEpsilon);
  for (int step = 0; step < kSteps; ++step) {
    const Tensor gram = at::matmul(x, x.transpose(-2, -1));
    x = kA * x + at::matmul(kB * gram + kC * at::matmul(gram, gram), x);
  }
  return tall ? x.transpose(-2, -1) : x;
}

void muon_step(const Tensor& gradient, double rate, double keep, Tensor value, Tensor momentum) {
  at::NoGradGuard no_grad;
  momentum.lerp_(gradient, 1 - kMuonMomentum);
  const Tensor ahead = gradient.lerp(momentum, kMuonMomentum);
  const auto longer = static_cast<double>(std::max(value.size(-2), value.size(-1)));
  value.mul_(keep).sub_(orthogonalised(ahead), rate * kScale * std::sqrt(longer));
}

}  // namespace conclave
