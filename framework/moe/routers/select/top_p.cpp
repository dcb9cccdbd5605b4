#include "framework/moe/routers/select/top_p.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "framework/moe/few_tokens.h"
#include "framework/moe/routers/select/slots.h"
#include "framework/moe/routers/select/top_k.h"
#include "framework/moe/routers/stage_config.h"

namespace conclave {

void TopP::run(RouteState& state, const TokenContext&) {
  const Tensor count_U = count_for_mass(state, p).clamp_max(at_most);
  const int64_t slots = count_U.numel() == 0 ? 1 : count_U.max().item<int64_t>();
  const Tensor expert_UK = rank_top_k(state.choice_UE, slots).expert_UK;
  const Tensor slot_K = at::arange(slots, count_U.options());
  state.routing.expert_TK = expert_UK.masked_fill(slot_K.unsqueeze(0) >= count_U.unsqueeze(1), -1);
}

bool TopP::run_few(FewTokens& few) {
  std::vector<std::vector<int32_t>> chosen_T;
  few.slots = 1;
  for (int64_t t = 0; t < few.tokens; ++t) {
    auto ranked = few.ranked(t);
    const int64_t count = std::min(few.count_for_mass(t, ranked, p), at_most);
    few.slots = std::max(few.slots, count);
    ranked.resize(static_cast<size_t>(std::min(count, std::ssize(ranked))));
    chosen_T.push_back(std::move(ranked));
  }
  few.expert_TK.assign(static_cast<size_t>(few.tokens * few.slots), -1);
  for (int64_t t = 0; t < few.tokens; ++t)
    std::ranges::copy(chosen_T[static_cast<size_t>(t)], few.expert_TK.begin() + t * few.slots);
  return true;
}

Ptr<Stage> make_top_p(ConfigObject& config, const RouterShape& shape) {
  auto stage = std::make_shared<TopP>();
  stage->p = number_of(config, "p", std::nullopt, 0, 1);
  const int64_t pool = shape.experts + shape.nulls;
  stage->at_most = integer_of(config, "at_most", pool, 1, pool);
  return stage;
}

}  // namespace conclave
