#include "framework/moe/experts/ffn.h"

#include <ATen/ATen.h>

#include <ATen/core/grad_mode.h>

#include <cmath>

#include "framework/base/error.h"
#include "framework/moe/experts/check.h"
#include "framework/moe/kernels/ffn.h"
#include "framework/moe/kernels/grouped.h"

namespace conclave {
namespace {

using kernels::RowOrder;

Tensor normal_weight(int64_t experts, int64_t out, int64_t in) {
  return at::empty({experts, out, in}).normal_(0, 1 / std::sqrt(static_cast<double>(in)));
}

Tensor add_bias(const Tensor& y_NF, const Tensor& bias_EF, const RowOrder& order) {
  if (!bias_EF.defined()) return y_NF;
  return y_NF + bias_EF.to(y_NF.scalar_type()).index_select(0, order.expert_N);
}

bool needs_grad(const FfnExperts& bank, const Tensor& x_TD, const Routing& routing) {
  if (!at::GradMode::is_enabled()) return false;
  for (const Tensor* t : {&x_TD, &routing.weight_TK, &bank.w1_EFD, &bank.w3_EFD, &bank.w2_EDF, &bank.b1_EF,
                          &bank.b3_EF, &bank.b2_ED}) {
    if (t->defined() && t->requires_grad()) return true;
  }
  return false;
}

// Unweighted outputs [N,D] of the sorted rows.
Tensor run_rows(const FfnExperts& bank, const Tensor& x_TD, const RowOrder& order) {
  const Tensor x_ND = kernels::gather_rows(x_TD, order);
  Tensor h_NF = activate(bank.activation,
                         add_bias(kernels::grouped_linear(x_ND, bank.w1_EFD, order), bank.b1_EF, order));
  if (bank.gated())
    h_NF = h_NF * add_bias(kernels::grouped_linear(x_ND, bank.w3_EFD, order), bank.b3_EF, order);
  return add_bias(kernels::grouped_linear(h_NF, bank.w2_EDF, order), bank.b2_ED, order);
}

}  // namespace

FfnExperts::FfnExperts(const ExpertsShape& shape, const FfnOptions& options)
    : activation(options.activation) {
  w1_EFD = normal_weight(shape.experts, options.hidden, shape.width);
  if (options.gated) w3_EFD = normal_weight(shape.experts, options.hidden, shape.width);
  w2_EDF = normal_weight(shape.experts, shape.width, options.hidden);
  if (options.bias) {
    b1_EF = at::zeros({shape.experts, options.hidden});
    if (options.gated) b3_EF = at::zeros({shape.experts, options.hidden});
    b2_ED = at::zeros({shape.experts, shape.width});
  }
}

Tensor FfnExperts::forward(const Tensor& x_TD, const Routing& routing, const TokenContext&) {
  check_bank_input("ffn", x_TD, w1_EFD.size(2), routing);
  if (!needs_grad(*this, x_TD, routing)) {
    const Tensor out_TD = kernels::fused_ffn(x_TD, {w1_EFD, w3_EFD, w2_EDF, b1_EF, b3_EF, b2_ED, activation},
                                             routing.expert_TK, routing.weight_TK);
    if (out_TD.defined()) return out_TD;
  }
  const auto order = kernels::sort_rows(routing.expert_TK, count());
  return kernels::combine_rows(run_rows(*this, x_TD, order), routing.weight_TK, order);
}

Tensor FfnExperts::slots(const Tensor& x_TD, const Routing& routing, const TokenContext&) {
  check_bank_input("ffn", x_TD, w1_EFD.size(2), routing);
  const auto order = kernels::sort_rows(routing.expert_TK, count());
  return kernels::scatter_slots(run_rows(*this, x_TD, order), order);
}

Tensor FfnExperts::affinity(const Tensor& x_TD) const {
  const Tensor h_TM = at::linear(x_TD, w1_EFD.flatten(0, 1).to(x_TD.scalar_type()));
  return h_TM.view({x_TD.size(0), count(), w1_EFD.size(1)}).norm(2, -1);
}

Ptr<Experts> FfnExperts::fuse(const Tensor& weight_GE) const {
  require(weight_GE.dim() == 2 && weight_GE.size(1) == count(), "[fuse] weights of shape {} for {} experts",
          fmt::join(weight_GE.sizes(), "x"), count());
  const auto mix = [&](const Tensor& w) {
    return w.defined() ? at::tensordot(weight_GE.to(w.scalar_type()), w, {1}, {0}) : Tensor();
  };
  auto fused = std::make_shared<FfnExperts>();
  fused->activation = activation;
  fused->w1_EFD = mix(w1_EFD);
  fused->w3_EFD = mix(w3_EFD);
  fused->w2_EDF = mix(w2_EDF);
  fused->b1_EF = mix(b1_EF);
  fused->b3_EF = mix(b3_EF);
  fused->b2_ED = mix(b2_ED);
  return fused;
}

void FfnExperts::remap(Ids from) {
  for (const int id : from) {
    require(id >= -1 && id < count(), "[remap] expert {} of a bank of {}", id, count());
  }
  const at::NoGradGuard no_grad;
  const FfnExperts fresh({w1_EFD.size(2), static_cast<int64_t>(from.size())},
                         {w1_EFD.size(1), activation, gated(), b1_EF.defined()});
  const auto take = [&](Tensor& own, const Tensor& start) {
    if (!own.defined()) return;
    Tensor next = start.to(own.options());
    for (size_t i = 0; i < from.size(); ++i) {
      if (from[i] >= 0) next[i].copy_(own[from[i]]);
    }
    own = next.set_requires_grad(own.requires_grad());
  };
  take(w1_EFD, fresh.w1_EFD);
  take(w3_EFD, fresh.w3_EFD);
  take(w2_EDF, fresh.w2_EDF);
  take(b1_EF, fresh.b1_EF);
  take(b3_EF, fresh.b3_EF);
  take(b2_ED, fresh.b2_ED);
}

void FfnExperts::visit(Visitor& v) {
  v("w1", w1_EFD);
  v("w3", w3_EFD);
  v("w2", w2_EDF);
  v("b1", b1_EF);
  v("b3", b3_EF);
  v("b2", b2_ED);
}

}  // namespace conclave
