#include "framework/moe/step_counts.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

namespace conclave {

void StepCounts::add(std::span<const Record> records) {
  at::NoGradGuard no_grad;
  for (const auto& record : records) {
    const Tensor& expert_TK = record.routing.expert_TK;
    if (!expert_TK.defined()) continue;  // product routers choose in their factors
    const int64_t pool = record.experts + record.nulls;
    const Tensor chosen = at::where(expert_TK < 0, pool, expert_TK).flatten().to(at::kLong);
    Tensor count_E = at::bincount(chosen, {}, pool + 1).narrow(0, 0, pool).to(at::kFloat);
    if (record.dropped_E.defined()) count_E += record.dropped_E;
    Tensor& seen_E = count_E_[record.site];
    seen_E = seen_E.defined() ? seen_E + count_E : count_E;
  }
}

StepWindow StepCounts::window(int site, int64_t step) const {
  const auto found = count_E_.find(site);
  return {found == count_E_.end() ? Tensor() : found->second, step};
}

}  // namespace conclave
