#include "framework/moe/experts/ffn.h"

#include <ATen/ATen.h>

#include <ATen/core/grad_mode.h>

#include <cmath>

#include "framework/base/error.h"
#include "framework/moe/experts/check.h"
#include "framework/moe/kernels/ffn.h"
#include "framework/moe/kernels/grouped.h"
#include "framework/tensor/fresh.h"

namespace conclave {
namespace {

using kernels::RowOrder;

Tensor normal_weight(int64_t experts, int64_t out, int64_t in) {
  return fresh_normal({experts, out, in}, 1 / std::sqrt(static_cast<double>(in)));
}

bool needs_grad(const FfnExperts& bank, const Tensor& x_TD, const Routing& routing) {
  if (!at::GradMode::is_enabled()) return false;
  for (const Tensor* t : {&x_TD, &routing.weight_TK, &bank.w1_EFD, &bank.w3_EFD, &bank.w2_EDF, &bank.b1_EF,
                          &bank.b3_EF, &bank.b2_ED}) {
    if (t->defined() && t->requires_grad()) return true;
  }
  return false;
}

kernels::Offsets offsets_of(const RowOrder& order) {
  return {order.offsets_E1.const_data_ptr<int32_t>(), static_cast<size_t>(order.offsets_E1.numel())};
}

void require_numbers(const FfnExperts& bank, const char* what) {
  require(!bank.packed(), "[{}] the experts' weights are packed", what);
}

Tensor project(const Tensor& x_NI, const Tensor& w_EOI, const kernels::PackedWeight& packed,
               const Ptr<LowRankBank>& lora, const Tensor& bias_EO, const RowOrder& order,
               const TokenContext& context) {
  Tensor y_NO = packed.defined() ? kernels::packed_product(x_NI, packed, offsets_of(order))
                                 : kernels::grouped_linear(x_NI, w_EOI, order);
  if (lora) y_NO = y_NO + lora->rows(x_NI, order, context);
  return bias_EO.defined() ? y_NO + bias_EO.to(y_NO.scalar_type()).index_select(0, order.expert_N) : y_NO;
}

// Unweighted outputs [N,D] of the sorted rows.
Tensor run_rows(const FfnExperts& bank, const Tensor& x_TD, const RowOrder& order,
                const TokenContext& context) {
  const Tensor x_ND = kernels::gather_rows(x_TD, order);
  Tensor h_NF = activate(bank.activation,
                         project(x_ND, bank.w1_EFD, bank.packed1, bank.lora1, bank.b1_EF, order, context));
  if (bank.gated())
    h_NF = h_NF * project(x_ND, bank.w3_EFD, bank.packed3, bank.lora3, bank.b3_EF, order, context);
  return project(h_NF, bank.w2_EDF, bank.packed2, bank.lora2, bank.b2_ED, order, context);
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

Tensor FfnExperts::forward(const Tensor& x_TD, const Routing& routing, const TokenContext& context) {
  check_bank_input("ffn", x_TD, width(), routing);
  if (!lora1 && !needs_grad(*this, x_TD, routing)) {
    const Tensor out_TD = kernels::fused_ffn(
        x_TD, {w1_EFD, w3_EFD, w2_EDF, b1_EF, b3_EF, b2_ED, activation, packed1, packed3, packed2},
        routing.expert_TK, routing.weight_TK);
    if (out_TD.defined()) return out_TD;
  }
  const auto order = kernels::sort_rows(routing.expert_TK, count());
  return kernels::combine_rows(run_rows(*this, x_TD, order, context), routing.weight_TK, order);
}

Tensor FfnExperts::slots(const Tensor& x_TD, const Routing& routing, const TokenContext& context) {
  check_bank_input("ffn", x_TD, width(), routing);
  const auto order = kernels::sort_rows(routing.expert_TK, count());
  return kernels::scatter_slots(run_rows(*this, x_TD, order, context), order);
}

Tensor FfnExperts::affinity(const Tensor& x_TD) const {
  require_numbers(*this, "affinity");
  const Tensor h_TM = at::linear(x_TD, w1_EFD.flatten(0, 1).to(x_TD.scalar_type()));
  return h_TM.view({x_TD.size(0), count(), w1_EFD.size(1)}).norm(2, -1);
}

Ptr<Experts> FfnExperts::fuse(const Tensor& weight_GE) const {
  require_numbers(*this, "fuse");
  require(!lora1, "[fuse] merge or drop the adapters first");
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
  require_numbers(*this, "remap");
  require(!lora1, "[remap] merge or drop the adapters first");
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

void FfnExperts::attach_lora(const LoraOptions& options) {
  require(!lora1, "[ffn] the experts have adapters already");
  require_numbers(*this, "ffn");
  const auto fresh = [&](const Tensor& w_EOI) -> Ptr<LowRankBank> {
    if (!w_EOI.defined()) return nullptr;
    auto bank = std::make_shared<LowRankBank>(count(), w_EOI.size(2), w_EOI.size(1), options);
    to_device(*bank, w_EOI.device());
    return bank;
  };
  lora1 = fresh(w1_EFD);
  lora3 = fresh(w3_EFD);
  lora2 = fresh(w2_EDF);
}

void FfnExperts::merge_lora() {
  require_numbers(*this, "ffn");
  const at::NoGradGuard no_grad;
  const auto merge = [](Tensor& w_EOI, Ptr<LowRankBank>& lora) {
    if (!lora) return;
    // Expert by expert, so that one delta lives at a time.
    for (int64_t e = 0; e < lora->count(); ++e) {
      w_EOI[e].add_((lora->scale * at::mm(lora->b_EOR[e], lora->a_ERI[e])).to(w_EOI.scalar_type()));
    }
    lora = nullptr;
  };
  merge(w1_EFD, lora1);
  merge(w3_EFD, lora3);
  merge(w2_EDF, lora2);
}

bool FfnExperts::pack(kernels::Packing packing) {
  require(!lora1, "[pack] merge or drop the adapters first");
  for (const Tensor* w : {&w1_EFD, &w2_EDF})
    if (!w->defined() || !kernels::can_pack(w->size(2))) return false;
  const auto turn = [&](Tensor& w, kernels::PackedWeight& packed) {
    if (!w.defined()) return;
    packed = kernels::pack(w, packing);
    w = Tensor();
  };
  turn(w1_EFD, packed1);
  turn(w3_EFD, packed3);
  turn(w2_EDF, packed2);
  return true;
}

void FfnExperts::visit(Visitor& v) {
  v("w1", w1_EFD);
  v("w3", w3_EFD);
  v("w2", w2_EDF);
  v("b1", b1_EF);
  v("b3", b3_EF);
  v("b2", b2_ED);
  v.child("w1", lora1);
  v.child("w3", lora3);
  v.child("w2", lora2);
}

}  // namespace conclave
