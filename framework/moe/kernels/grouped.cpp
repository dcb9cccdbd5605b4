#include "framework/moe/kernels/grouped.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/custom_function.h>

#include <array>

#include "framework/base/error.h"
#include "framework/moe/kernels/backend.h"
#include "framework/moe/kernels/combine.h"

namespace conclave::kernels {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

// Best first. A backend that does not fit the machine or the product passes it on to the next.
std::span<const GroupedBackend* const> backends() {
  static const std::array<const GroupedBackend*, 2> all{&cpu_backend(), &reference_backend()};
  return all;
}

Offsets host_offsets(const Tensor& offsets_E1) {
  return {offsets_E1.const_data_ptr<int32_t>(), static_cast<size_t>(offsets_E1.numel())};
}

struct GroupedLinear : Function<GroupedLinear> {
  static Tensor forward(AutogradContext* ctx, const Tensor& x_ND, const Tensor& w_EFD,
                        const Tensor& offsets_E1) {
    if (ctx) ctx->save_for_backward({x_ND, w_EFD, offsets_E1});
    Tensor y_NF = at::empty({x_ND.size(0), w_EFD.size(1)}, x_ND.options());
    backend_for(x_ND, w_EFD).product(x_ND, w_EFD, host_offsets(offsets_E1), y_NF);
    return y_NF;
  }

  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    const auto saved = ctx->get_saved_variables();
    const Tensor &x_ND = saved[0], &w_EFD = saved[1];
    const Offsets offsets = host_offsets(saved[2]);
    const auto& backend = backend_for(x_ND, w_EFD);
    const at::NoGradGuard no_grad;
    const Tensor dy_NF = grads[0].contiguous();
    Tensor dx_ND, dw_EFD;
    if (ctx->needs_input_grad(0)) {
      dx_ND = at::empty(x_ND.sizes(), x_ND.options());
      backend.grad_input(dy_NF, w_EFD, offsets, dx_ND);
    }
    if (ctx->needs_input_grad(1)) {
      dw_EFD = at::empty(w_EFD.sizes(), w_EFD.options());
      backend.grad_weight(dy_NF, x_ND, offsets, dw_EFD);
    }
    return {dx_ND, dw_EFD, Tensor()};
  }
};

struct GatherRows : Function<GatherRows> {
  static Tensor forward(AutogradContext* ctx, const Tensor& x_TD, const Tensor& token_N,
                        const Tensor& row_TK) {
    if (ctx) ctx->save_for_backward({row_TK});
    return x_TD.index_select(0, token_N);
  }
  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    const at::NoGradGuard no_grad;
    return {sum_rows(grads[0], {}, ctx->get_saved_variables()[0]), Tensor(), Tensor()};
  }
};

struct CombineRows : Function<CombineRows> {
  static Tensor forward(AutogradContext* ctx, const Tensor& y_ND, const Tensor& weight_TK,
                        const Tensor& row_TK) {
    if (ctx) ctx->save_for_backward({y_ND, weight_TK, row_TK});
    return sum_rows(y_ND, weight_TK, row_TK);
  }
  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    const at::NoGradGuard no_grad;
    const auto saved = ctx->get_saved_variables();
    const Tensor &y_ND = saved[0], &weight_TK = saved[1], &row_TK = saved[2];
    Tensor dy_ND, dweight_TK;
    if (ctx->needs_input_grad(0)) dy_ND = spread_rows(grads[0], weight_TK, row_TK, y_ND.size(0));
    if (ctx->needs_input_grad(1)) dweight_TK = dot_rows(grads[0], y_ND, row_TK, weight_TK.scalar_type());
    return {dy_ND, dweight_TK, Tensor()};
  }
};

bool needs_grad(const Tensor& a, const Tensor& b = {}) {
  return at::GradMode::is_enabled() && (a.requires_grad() || (b.defined() && b.requires_grad()));
}

}  // namespace

const GroupedBackend& backend_for(const Tensor& x_ND, const Tensor& w_EFD) {
  static const auto usable = [] {
    std::vector<const GroupedBackend*> found;
    for (const auto* backend : backends()) {
      if (backend->usable()) found.push_back(backend);
    }
    return found;
  }();
  for (const auto* backend : usable) {
    if (backend->accepts(x_ND, w_EFD)) return *backend;
  }
  return reference_backend();
}

RowOrder sort_rows(const Tensor& expert_TK, int64_t experts) {
  require(expert_TK.dim() == 2 && expert_TK.scalar_type() == at::kInt,
          "[sort_rows] experts must be int32 [T,K], got {} of {} dimensions",
          c10::toString(expert_TK.scalar_type()), expert_TK.dim());
  const Tensor host_TK = expert_TK.cpu().contiguous();
  const int64_t slots = expert_TK.size(1), total = host_TK.numel();
  const int32_t* expert = host_TK.const_data_ptr<int32_t>();
  const auto runs = [&](int64_t s) { return expert[s] >= 0 && expert[s] < experts; };

  RowOrder order;
  order.experts = experts;
  order.offsets_E1 = at::zeros({experts + 1}, at::kInt);
  int32_t* offsets = order.offsets_E1.mutable_data_ptr<int32_t>();
  for (int64_t s = 0; s < total; ++s) {
    if (runs(s)) ++offsets[expert[s] + 1];
  }
  for (int64_t e = 0; e < experts; ++e) offsets[e + 1] += offsets[e];

  const int64_t rows = offsets[experts];
  order.token_N = at::empty({rows}, at::kLong);
  order.slot_N = at::empty({rows}, at::kLong);
  order.expert_N = at::empty({rows}, at::kLong);
  order.row_TK = at::empty(host_TK.sizes(), at::kLong);
  auto* token = order.token_N.mutable_data_ptr<int64_t>();
  auto* slot = order.slot_N.mutable_data_ptr<int64_t>();
  auto* owner = order.expert_N.mutable_data_ptr<int64_t>();
  auto* row = order.row_TK.mutable_data_ptr<int64_t>();
  std::vector<int32_t> next(offsets, offsets + experts);
  for (int64_t s = 0; s < total; ++s) {
    row[s] = -1;
    if (!runs(s)) continue;
    const int64_t r = next[expert[s]]++;
    row[s] = r;
    token[r] = s / slots;
    slot[r] = s;
    owner[r] = expert[s];
  }
  if (!expert_TK.is_cpu()) {
    for (Tensor* t : {&order.token_N, &order.slot_N, &order.expert_N, &order.row_TK}) {
      *t = t->to(expert_TK.device());
    }
  }
  return order;
}

Tensor gather_rows(const Tensor& x_TD, const RowOrder& order) {
  if (!needs_grad(x_TD)) return GatherRows::forward(nullptr, x_TD, order.token_N, order.row_TK);
  return GatherRows::apply(x_TD, order.token_N, order.row_TK);
}

Tensor grouped_linear(const Tensor& x_ND, const Tensor& w_EFD, const RowOrder& order) {
  require(x_ND.dim() == 2 && w_EFD.dim() == 3 && x_ND.size(1) == w_EFD.size(2) &&
              w_EFD.size(0) == order.experts && x_ND.size(0) == order.rows(),
          "[grouped_linear] x has shape {}, w {}; {} rows over {} experts are sorted",
          fmt::join(x_ND.sizes(), "x"), fmt::join(w_EFD.sizes(), "x"), order.rows(), order.experts);
  // A grouped product keeps the dtype of x; autocast inside would undo that.
  const c10::impl::ExcludeDispatchKeyGuard no_autocast(c10::autocast_dispatch_keyset);
  const Tensor x = x_ND.contiguous(), w = w_EFD.to(x.scalar_type());
  if (!needs_grad(x, w)) return GroupedLinear::forward(nullptr, x, w, order.offsets_E1);
  return GroupedLinear::apply(x, w, order.offsets_E1);
}

Tensor combine_rows(const Tensor& y_ND, const Tensor& weight_TK, const RowOrder& order) {
  if (!needs_grad(y_ND, weight_TK)) return CombineRows::forward(nullptr, y_ND, weight_TK, order.row_TK);
  return CombineRows::apply(y_ND, weight_TK, order.row_TK);
}

Tensor scatter_slots(const Tensor& y_ND, const RowOrder& order) {
  const int64_t tokens = order.row_TK.size(0), slots = order.row_TK.size(1), width = y_ND.size(1);
  return y_ND.new_zeros({tokens * slots, width})
      .index_copy(0, order.slot_N, y_ND)
      .view({tokens, slots, width});
}

}  // namespace conclave::kernels
