/// A routing drawn at random and the dumb loop that banks are held against.
#pragma once

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <functional>

#include "framework/base/random.h"
#include "framework/moe/routing.h"

namespace conclave::testing {

/// Distinct experts per token; each slot is empty with chance `empty`; ids go up to pool - 1.
inline Routing random_routing(int64_t tokens, int64_t slots, int64_t pool, uint64_t seed, double empty = 0) {
  Random random(seed, "routing");
  Routing routing;
  routing.expert_TK = at::full({tokens, slots}, -1, at::kInt);
  routing.weight_TK = at::zeros({tokens, slots});
  for (int64_t t = 0; t < tokens; ++t) {
    const auto order = random.permutation(pool);
    for (int64_t k = 0; k < slots; ++k) {
      if (random.chance(empty)) continue;
      routing.expert_TK[t][k] = static_cast<int>(order[k]);
      routing.weight_TK[t][k] = 0.1 + random.uniform();
    }
  }
  return routing;
}

/// Σ_k weight · expert(id, x_t), token by token; ids outside [0, experts) contribute nothing.
inline Tensor loop_experts(const Tensor& x_TD, const Routing& routing, int64_t experts, int64_t out_width,
                           const std::function<Tensor(int64_t, const Tensor&)>& expert) {
  Tensor out = at::zeros({x_TD.size(0), out_width}, x_TD.options());
  for (int64_t t = 0; t < routing.tokens(); ++t) {
    for (int64_t k = 0; k < routing.slots(); ++k) {
      const int id = routing.expert_TK[t][k].item<int>();
      if (id < 0 || id >= experts) continue;
      out[t] += routing.weight_TK[t][k] * expert(id, x_TD[t]);
    }
  }
  return out;
}

/// Largest difference between the gradient of sum(f() * probe) with respect to `leaf` and central
/// differences. Everything must be float64.
inline double gradient_error(Tensor leaf, const std::function<Tensor()>& f, double step = 1e-5) {
  const Tensor probe = at::cos(at::arange(f().numel(), at::kDouble)).view(f().sizes());
  const auto loss = [&] { return (f() * probe).sum(); };
  if (leaf.grad().defined()) leaf.mutable_grad() = Tensor();
  loss().backward();
  const Tensor exact =
      leaf.grad().defined() ? leaf.grad().reshape(-1) : at::zeros({leaf.numel()}, at::kDouble);
  const at::NoGradGuard no_grad;
  Tensor flat = leaf.view(-1);
  double worst = 0;
  for (int64_t i = 0; i < flat.numel(); ++i) {
    const double kept = flat[i].item<double>();
    flat[i] = kept + step;
    const double up = loss().item<double>();
    flat[i] = kept - step;
    const double down = loss().item<double>();
    flat[i] = kept;
    worst = std::max(worst, std::abs((up - down) / (2 * step) - exact[i].item<double>()));
  }
  return worst;
}

}  // namespace conclave::testing
