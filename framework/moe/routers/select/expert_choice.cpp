#include "framework/moe/routers/select/expert_choice.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <cmath>

#include "framework/moe/routers/select/slots.h"
#include "framework/moe/routers/stage_config.h"

namespace conclave {

void ExpertChoice::run(RouteState& state, const TokenContext& context) {
  require<Error>(context.phase != Phase::decode,
                 "[router] expert_choice cannot decode: an expert's choice depends on later tokens");
  state.choose_by(state.probabilities().detach());
  const at::NoGradGuard no_grad;
  const Tensor& choice_UE = state.choice_UE;
  const int64_t units = state.valid_U.defined() ? state.valid_U.sum().item<int64_t>() : choice_UE.size(0);
  const double share = factor * static_cast<double>(units) / static_cast<double>(choice_UE.size(1));
  const int64_t take = std::min(units, static_cast<int64_t>(std::ceil(share)));
  const Tensor order_UE = choice_UE.argsort(/*stable=*/true, /*dim=*/0, /*descending=*/true);
  Tensor chosen_UE = at::zeros(choice_UE.sizes(), choice_UE.options().dtype(at::kBool));
  chosen_UE.scatter_(0, order_UE.narrow(0, 0, take), true);
  fill_slots(state, chosen_UE);
}

Ptr<Stage> make_expert_choice(ConfigObject& config, const RouterShape& shape) {
  auto stage = std::make_shared<ExpertChoice>();
  stage->factor = number_of(config, "factor", 1, 0, static_cast<double>(shape.experts + shape.nulls));
  return stage;
}

}  // namespace conclave
