#include "framework/moe/routers/select/top_k.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>

#include <atomic>

#include "framework/moe/few_tokens.h"
#include "framework/moe/infinity.h"
#include "framework/moe/routers/stage_config.h"

namespace conclave {
namespace {

// Insertion into k slots: k is small, and at::topk leaves the order of ties open. Returns whether all slots
// are filled. Strict comparisons keep the lower id in front and let neither -inf nor NaN in.
bool rank_row(const float* choice, int64_t experts, int64_t k, int32_t* expert, float* best) {
  std::fill_n(best, k, -kInfinity);
  std::fill_n(expert, k, -1);
  for (int64_t e = 0; e < experts; ++e) {
    if (!(choice[e] > best[k - 1])) continue;
    int64_t slot = k - 1;
    for (; slot > 0 && choice[e] > best[slot - 1]; --slot) {
      best[slot] = best[slot - 1];
      expert[slot] = expert[slot - 1];
    }
    best[slot] = choice[e];
    expert[slot] = static_cast<int32_t>(e);
  }
  return expert[k - 1] >= 0;
}

Ranked rank_on_device(const Tensor& choice_UE, int64_t k) {
  const Tensor clean_UE = choice_UE.masked_fill(choice_UE.isnan(), -kInfinity);
  const auto [best_UE, order_UE] = clean_UE.sort(/*stable=*/true, /*dim=*/1, /*descending=*/true);
  const Tensor expert_UK = order_UE.narrow(1, 0, k).to(at::kInt);
  return {expert_UK.masked_fill(best_UE.narrow(1, 0, k).isneginf(), -1), false};
}

}  // namespace

Ranked rank_top_k(const Tensor& choice_UE, int64_t k) {
  const at::NoGradGuard no_grad;
  if (!choice_UE.is_cpu()) return rank_on_device(choice_UE, k);
  const Tensor rows_UE = choice_UE.detach().contiguous();
  const int64_t units = rows_UE.size(0), experts = rows_UE.size(1);
  Ranked ranked{at::empty({units, k}, at::kInt), true};
  const float* choice = rows_UE.const_data_ptr<float>();
  int32_t* expert = ranked.expert_UK.mutable_data_ptr<int32_t>();
  std::atomic<bool> full = true;
  at::parallel_for(0, units, 256, [&](int64_t begin, int64_t end) {
    std::vector<float> best(k);
    bool all = true;
    for (int64_t u = begin; u < end; ++u)
      all &= rank_row(choice + u * experts, experts, k, expert + u * k, best.data());
    if (!all) full = false;
  });
  ranked.full = full;
  return ranked;
}

void TopK::run(RouteState& state, const TokenContext&) {
  if (library_ties) {
    const at::NoGradGuard no_grad;
    const auto [best_UK, expert_UK] = state.choice_UE.topk(k, 1, /*largest=*/true, /*sorted=*/false);
    const Tensor order_UK = std::get<1>(best_UK.sort(/*stable=*/true, 1, /*descending=*/true));
    state.routing.expert_TK = expert_UK.masked_fill(best_UK.isneginf(), -1).gather(1, order_UK).to(at::kInt);
    return;
  }
  auto [expert_UK, full] = rank_top_k(state.choice_UE, k);
  state.routing.expert_TK = expert_UK;
  state.full = full;
}

bool TopK::run_few(FewTokens& few) {
  if (library_ties) return false;
  few.slots = k;
  few.expert_TK.resize(static_cast<size_t>(few.tokens * k));
  std::vector<float> best(static_cast<size_t>(k));
  for (int64_t t = 0; t < few.tokens; ++t)
    rank_row(few.choice_TE.data() + t * few.experts, few.experts, k, few.expert_TK.data() + t * k,
             best.data());
  return true;
}

Ptr<Stage> make_top_k(ConfigObject& config, const RouterShape& shape) {
  auto stage = std::make_shared<TopK>(integer_of(config, "k", std::nullopt, 1, shape.experts + shape.nulls));
  stage->library_ties = config.one_of("ties", {"lower", "library"}) == "library";
  return stage;
}

}  // namespace conclave
