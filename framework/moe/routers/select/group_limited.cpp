#include "framework/moe/routers/select/group_limited.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "framework/moe/infinity.h"
#include "framework/moe/routers/select/top_k.h"
#include "framework/moe/routers/stage_config.h"

namespace conclave {

void GroupLimited::run(RouteState& state, const TokenContext&) {
  const at::NoGradGuard no_grad;
  const int64_t units = state.choice_UE.size(0), size = experts / groups;
  const Tensor choice_UGS = state.choice_UE.narrow(1, 0, experts).reshape({units, groups, size});
  Tensor score_UG = choice_UGS.amax(2);
  if (score == Score::top2_sum && size > 1) {
    // A group with one expert left scores that one; with none left it stays at -inf.
    const Tensor second_UG = std::get<0>(choice_UGS.topk(2, 2)).select(2, 1);
    score_UG = at::where(second_UG.isneginf(), score_UG, score_UG + second_UG);
  }
  const Tensor kept_UG = rank_top_k(score_UG, keep).expert_UK.to(at::kLong);
  // Column `groups` takes the -1 of units with too few groups.
  Tensor barred_UG = at::ones({units, groups + 1}, choice_UGS.options().dtype(at::kBool));
  barred_UG.scatter_(1, at::where(kept_UG < 0, groups, kept_UG), false);
  const Tensor barred_UE =
      barred_UG.narrow(1, 0, groups).unsqueeze(2).expand(choice_UGS.sizes()).reshape({units, experts});
  const Tensor choice_UE = state.choice_UE.narrow(1, 0, experts);
  Tensor limited_UE = choice_UE.masked_fill(barred_UE, zero_outside ? 0.0F : -kInfinity);
  if (zero_outside) limited_UE = at::where(choice_UE.isneginf(), choice_UE, limited_UE);
  const int64_t nulls = state.choice_UE.size(1) - experts;
  state.choice_UE =
      nulls > 0 ? at::cat({limited_UE, state.choice_UE.narrow(1, experts, nulls)}, 1) : limited_UE;
}

Ptr<Stage> make_group_limited(ConfigObject& config, const RouterShape& shape) {
  auto stage = std::make_shared<GroupLimited>();
  stage->experts = shape.experts;
  stage->groups = integer_of(config, "groups", std::nullopt, 1, shape.experts);
  stage->keep = integer_of(config, "keep", std::nullopt, 1, stage->groups);
  require<UsageError>(shape.experts % stage->groups == 0, "{} = {}: must divide {} experts",
                      config.name("groups"), stage->groups, shape.experts);
  const bool sum = config.one_of("score", {"max", "top2_sum"}) == "top2_sum";
  stage->score = sum ? GroupLimited::Score::top2_sum : GroupLimited::Score::max;
  stage->zero_outside = config.one_of("outside", {"never", "zero"}) == "zero";
  return stage;
}

}  // namespace conclave
