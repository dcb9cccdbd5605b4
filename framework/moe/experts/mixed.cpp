#include "framework/moe/experts/mixed.h"

#include <ATen/ATen.h>

#include "framework/moe/experts/check.h"
#include "framework/moe/experts/pool.h"
#include "framework/moe/kernels/grouped.h"

namespace conclave {
namespace {

using kernels::RowOrder;

// The context of the tokens in `token_N`. Sequences keep their numbers, so condition_BC stays whole.
TokenContext context_of_rows(const TokenContext& context, const Tensor& token_N) {
  TokenContext rows = context;
  for (Tensor* t : {&rows.token_T, &rows.modality_T, &rows.sequence_T, &rows.position_T, &rows.unit_T,
                    &rows.task_T, &rows.adapter_T, &rows.importance_T, &rows.valid_T}) {
    if (t->defined()) *t = t->index_select(0, token_N);
  }
  return rows;
}

Tensor module_rows(const ModuleExperts& bank, const Tensor& x_TD, const RowOrder& order,
                   const TokenContext& context) {
  const Tensor x_ND = kernels::gather_rows(x_TD, order);
  const int32_t* offsets = order.offsets_E1.const_data_ptr<int32_t>();
  std::vector<Tensor> y;
  for (int64_t e = 0; e < bank.count(); ++e) {
    const int64_t rows = offsets[e + 1] - offsets[e];
    if (rows == 0) continue;
    const auto own = context_of_rows(context, order.token_N.narrow(0, offsets[e], rows));
    y.push_back(bank.modules[e]->forward(x_ND.narrow(0, offsets[e], rows), own));
  }
  return y.empty() ? x_ND : at::cat(y);
}

}  // namespace

MixedExperts::MixedExperts(std::vector<Ptr<Experts>> banks) : parts(std::move(banks)) {
  require<UsageError>(!parts.empty(), "[mixed] a pool needs at least one part");
}

int64_t MixedExperts::count() const {
  int64_t count = 0;
  for (const auto& part : parts) count += part->count();
  return count;
}

Tensor MixedExperts::forward(const Tensor& x_TD, const Routing& routing, const TokenContext& context) {
  Tensor out_TD = parts[0]->forward(x_TD, routing, context);
  int64_t offset = parts[0]->count();
  for (size_t i = 1; i < parts.size(); ++i) {
    out_TD = out_TD + parts[i]->forward(x_TD, shifted(routing, offset), context);
    offset += parts[i]->count();
  }
  return out_TD;
}

Tensor MixedExperts::slots(const Tensor& x_TD, const Routing& routing, const TokenContext& context) {
  Tensor out_TKD = parts[0]->slots(x_TD, routing, context);
  int64_t offset = parts[0]->count();
  for (size_t i = 1; i < parts.size(); ++i) {
    out_TKD = out_TKD + parts[i]->slots(x_TD, shifted(routing, offset), context);
    offset += parts[i]->count();
  }
  return out_TKD;
}

void MixedExperts::visit(Visitor& v) {
  v.children("parts", parts);
}

ModuleExperts::ModuleExperts(std::vector<Ptr<Path>> list) : modules(std::move(list)) {
  require<UsageError>(!modules.empty(), "[modules] a pool needs at least one module");
}

Tensor ModuleExperts::forward(const Tensor& x_TD, const Routing& routing, const TokenContext& context) {
  check_bank_input("modules", x_TD, x_TD.size(-1), routing);
  const RowOrder order = kernels::sort_rows(routing.expert_TK, count());
  return kernels::combine_rows(module_rows(*this, x_TD, order, context), routing.weight_TK, order);
}

Tensor ModuleExperts::slots(const Tensor& x_TD, const Routing& routing, const TokenContext& context) {
  check_bank_input("modules", x_TD, x_TD.size(-1), routing);
  const RowOrder order = kernels::sort_rows(routing.expert_TK, count());
  return kernels::scatter_slots(module_rows(*this, x_TD, order, context), order);
}

void ModuleExperts::visit(Visitor& v) {
  v.children("modules", modules);
}

}  // namespace conclave
