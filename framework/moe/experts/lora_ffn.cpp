#include "framework/moe/experts/lora_ffn.h"

#include <ATen/ATen.h>

#include "framework/moe/experts/check.h"

namespace conclave {

using kernels::RowOrder;

LoraFfnExperts::LoraFfnExperts(Ptr<GatedFfn> ffn, int64_t experts, const LoraOptions& options,
                               LoraTargets targets)
    : base(ffn), experts_(experts), activation_(ffn->activation) {
  gate_proj_ = &ffn->gate_proj;
  up_proj_ = &ffn->up_proj;
  down_proj_ = &ffn->down_proj;
  adapt(up_proj_->in_features(), up_proj_->out_features(), options, targets);
}

LoraFfnExperts::LoraFfnExperts(Ptr<PlainFfn> ffn, int64_t experts, const LoraOptions& options,
                               LoraTargets targets)
    : base(ffn), experts_(experts), activation_(ffn->activation) {
  up_proj_ = &ffn->fc1;
  down_proj_ = &ffn->fc2;
  targets.gate = false;
  adapt(up_proj_->in_features(), up_proj_->out_features(), options, targets);
}

void LoraFfnExperts::adapt(int64_t width, int64_t hidden, const LoraOptions& options, LoraTargets targets) {
  require<UsageError>(targets.gate || targets.up || targets.down, "[lora_ffn] no projection is adapted");
  if (targets.gate) gate = std::make_shared<LowRankBank>(experts_, width, hidden, options);
  if (targets.up) up = std::make_shared<LowRankBank>(experts_, width, hidden, options);
  if (targets.down) down = std::make_shared<LowRankBank>(experts_, hidden, width, options);
}

// h_NF: the shared projections once a token, then each row's own part.
Tensor LoraFfnExperts::hidden_rows(const Tensor& x_TD, const RowOrder& order,
                                   const TokenContext& context) const {
  const Tensor x_ND = gate || up ? kernels::gather_rows(x_TD, order) : Tensor();
  const auto project = [&](const Linear& shared, const Ptr<LowRankBank>& own) {
    const Tensor y_NF = kernels::gather_rows(shared.forward(x_TD, context), order);
    return own ? y_NF + own->rows(x_ND, order, context) : y_NF;
  };
  const Tensor up_NF = project(*up_proj_, up);
  return gate_proj_ ? activate(activation_, project(*gate_proj_, gate)) * up_NF
                    : activate(activation_, up_NF);
}

Tensor LoraFfnExperts::forward_projections(const Tensor& x_TD, const Routing& routing,
                                           const TokenContext& context) const {
  const RowOrder order = kernels::sort_rows(routing.expert_TK, count());
  const auto project = [&](const Linear& shared, const Ptr<LowRankBank>& own, const Tensor& x) {
    const Tensor y = shared.forward(x, context);
    if (!own) return y;
    return y + kernels::combine_rows(own->rows(kernels::gather_rows(x, order), order, context),
                                     routing.weight_TK, order);
  };
  const Tensor up_TF = project(*up_proj_, up, x_TD);
  const Tensor h_TF = gate_proj_ ? activate(activation_, project(*gate_proj_, gate, x_TD)) * up_TF
                                 : activate(activation_, up_TF);
  return project(*down_proj_, down, h_TF);
}

Tensor LoraFfnExperts::forward(const Tensor& x_TD, const Routing& routing, const TokenContext& context) {
  check_bank_input("lora_ffn", x_TD, up_proj_->in_features(), routing);
  if (mix == LoraMix::projections) return forward_projections(x_TD, routing, context);
  const RowOrder order = kernels::sort_rows(routing.expert_TK, count());
  const Tensor h_NF = hidden_rows(x_TD, order, context);
  Tensor out_TD = down_proj_->forward(kernels::combine_rows(h_NF, routing.weight_TK, order), context);
  if (down_proj_->bias.defined()) {  // Σ w b, where the line above added b once
    const Tensor weight_T1 = (routing.weight_TK * (order.row_TK >= 0)).sum(1, true).to(out_TD.scalar_type());
    out_TD = out_TD + (weight_T1 - 1) * down_proj_->bias.to(out_TD.scalar_type());
  }
  if (!down) return out_TD;
  return out_TD + kernels::combine_rows(down->rows(h_NF, order, context), routing.weight_TK, order);
}

Tensor LoraFfnExperts::slots(const Tensor& x_TD, const Routing& routing, const TokenContext& context) {
  require(mix == LoraMix::outputs, "[lora_ffn] experts mixed by projection have no outputs of their own");
  check_bank_input("lora_ffn", x_TD, up_proj_->in_features(), routing);
  const RowOrder order = kernels::sort_rows(routing.expert_TK, count());
  const Tensor h_NF = hidden_rows(x_TD, order, context);
  Tensor y_ND = down_proj_->forward(h_NF, context);
  if (down) y_ND = y_ND + down->rows(h_NF, order, context);
  return kernels::scatter_slots(y_ND, order);
}

void LoraFfnExperts::visit(Visitor& v) {
  v.child("base", base);
  v.child("gate_proj", gate);
  v.child("up_proj", up);
  v.child("down_proj", down);
}

}  // namespace conclave
