#include "framework/moe/routers/score/per_modality.h"

#include <ATen/ATen.h>

#include "framework/moe/few_tokens.h"
#include "framework/moe/routers/make.h"
#include "framework/moe/routers/mask/pools.h"

namespace conclave {

void PerModalityScore::run(RouteState& state, const TokenContext& context) {
  score[0]->run(state, context);
  if (!context.modality_T.defined()) return;
  Tensor logits_UE = state.routing.logits_TE;
  // Router weights are small: all scores for all units cost less than picking rows apart.
  for (size_t i = 1; i < score.size(); ++i) {
    score[i]->run(state, context);
    logits_UE =
        at::where((context.modality_T == modality[i]).unsqueeze(1), state.routing.logits_TE, logits_UE);
  }
  require<Error>(!state.choice_UE.defined(),
                 "[router] per_modality takes scores that choose by their logits");
  state.routing.logits_TE = logits_UE;
}

bool PerModalityScore::run_few(FewTokens& few) {
  const Tensor& modality_T = few.context.modality_T;
  const int64_t* id_T = modality_T.defined() ? few.ids(modality_T) : nullptr;
  if (modality_T.defined() && !id_T) return false;
  if (!score[0]->run_few(few)) return false;
  if (!id_T) return true;
  std::vector<float> logits_TE = few.logits_TE;
  for (size_t i = 1; i < score.size(); ++i) {
    if (!score[i]->run_few(few)) return false;
    for (int64_t t = 0; t < few.tokens; ++t) {
      if (id_T[t] == modality[i])
        std::copy_n(few.logits_TE.data() + t * few.experts, few.experts, logits_TE.data() + t * few.experts);
    }
  }
  few.logits_TE = std::move(logits_TE);
  return true;
}

void PerModalityScore::after_step(const StepWindow& window) {
  for (const auto& one : score) one->after_step(window);
}

void PerModalityScore::visit(Visitor& v) {
  for (size_t i = 0; i < score.size(); ++i)
    v.child(modality_name(static_cast<Modality>(modality[i])), score[i]);
}

Ptr<Stage> make_per_modality_score(ConfigObject& config, const RouterShape& shape) {
  auto stage = std::make_shared<PerModalityScore>();
  const Json& scores = config.part("scores");
  require<UsageError>(scores.is_object() && !scores.empty(), "{} must name the score of each modality",
                      config.name("scores"));
  for (const auto& [name, score] : scores.items()) {
    stage->modality.push_back(modality_named(name, config.name("scores")));
    stage->score.push_back(make_score(score, config.name("scores") + "." + name, shape));
  }
  return stage;
}

}  // namespace conclave
