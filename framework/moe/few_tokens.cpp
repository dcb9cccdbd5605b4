#include "framework/moe/few_tokens.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <limits>

#include "framework/moe/routing_log.h"

namespace conclave {
namespace {

bool is_plain(const Tensor& t, at::ScalarType dtype) {
  return t.is_cpu() && t.scalar_type() == dtype && t.is_contiguous();
}

bool fits(const Router& router, const Tensor& x_TD, const TokenContext& context) {
  const bool keep = context.training() || (context.log && context.log->keep_logits);
  return !at::GradMode::is_enabled() && !keep && !router.unit && router.shared == 0 && x_TD.size(0) >= 1 &&
         x_TD.size(0) <= kFewTokens && is_plain(x_TD, at::kFloat) &&
         (!context.valid_T.defined() ||
          (is_plain(context.valid_T, at::kBool) && context.valid_T.numel() == x_TD.size(0)));
}

bool run_all(const std::vector<Ptr<Stage>>& stages, FewTokens& few) {
  return std::ranges::all_of(stages, [&](const auto& stage) { return stage->run_few(few); });
}

void forget_invalid(FewTokens& few) {
  if (!few.context.valid_T.defined()) return;
  const bool* valid_T = few.context.valid_T.const_data_ptr<bool>();
  for (int64_t t = 0; t < few.tokens; ++t) {
    if (!valid_T[t])
      std::fill_n(few.choice_TE.data() + t * few.experts, few.experts,
                  -std::numeric_limits<float>::infinity());
  }
}

template <class T>
Tensor to_tensor(const std::vector<T>& values, int64_t rows, at::ScalarType dtype) {
  Tensor tensor = at::empty({rows, static_cast<int64_t>(values.size()) / rows}, dtype);
  std::ranges::copy(values, tensor.mutable_data_ptr<T>());
  return tensor;
}

}  // namespace

const int64_t* FewTokens::ids(const Tensor& id_T) const {
  return is_plain(id_T, at::kLong) && id_T.numel() == tokens ? id_T.const_data_ptr<int64_t>() : nullptr;
}

std::optional<Routing> route_few(const Router& router, const Tensor& x_TD, const TokenContext& context) {
  if (!fits(router, x_TD, context)) return std::nullopt;
  FewTokens few{context, x_TD.const_data_ptr<float>(), x_TD.size(0), x_TD.size(1)};
  if (!router.score->run_few(few)) return std::nullopt;
  few.choice_TE = few.logits_TE;
  forget_invalid(few);
  if (!run_all(router.mask, few) || !run_all(router.select, few) || !run_all(router.weigh, few))
    return std::nullopt;
  Routing routing;
  routing.expert_TK = to_tensor(few.expert_TK, few.tokens, at::kInt);
  routing.weight_TK = to_tensor(few.weight_TK, few.tokens, at::kFloat);
  return routing;
}

}  // namespace conclave
