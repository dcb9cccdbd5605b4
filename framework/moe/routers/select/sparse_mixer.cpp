#include "framework/moe/routers/select/sparse_mixer.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

#include "framework/moe/few_tokens.h"
#include "framework/moe/infinity.h"
#include "framework/moe/routers/select/gumbel.h"
#include "framework/moe/routers/select/slots.h"
#include "framework/moe/routers/stage_config.h"

namespace conclave {
namespace {

constexpr float kLowest = std::numeric_limits<float>::lowest();
}  // namespace

MixerPick mixer_round(const Tensor& logits_UE, const Tensor& choice_UE, double jitter,
                      const Tensor& gumbel_UE, const Tensor& uniform_U1) {
  const Tensor fixed_UE = logits_UE.detach();
  const Tensor gone_UE = choice_UE.isneginf();
  const Tensor max_U1 = fixed_UE.masked_fill(gone_UE, kLowest).amax(1, true);
  const Tensor far_UE = (max_U1 - fixed_UE) / at::maximum(fixed_UE.abs(), max_U1.abs()) > 2 * jitter;
  // A forced expert stays in however far it is.
  const Tensor out_UE = gone_UE | (far_UE & choice_UE.isposinf().logical_not());
  const Tensor gate_UE = logits_UE.masked_fill(out_UE, kLowest).softmax(1);
  const Tensor best_U = choice_UE.argmax(1);
  if (!gumbel_UE.defined()) return {best_U, gate_UE.gather(1, best_U.unsqueeze(1)).squeeze(1)};

  const Tensor pick_U = (choice_UE.masked_fill(out_UE, -kInfinity) + gumbel_UE).argmax(1);
  const Tensor value_U = gate_UE.gather(1, pick_U.unsqueeze(1)).squeeze(1);
  const Tensor whole_U = (pick_U == gate_UE.detach().argmax(1)) | (uniform_U1.squeeze(1) > 0.75);
  const Tensor change_U = at::where(whole_U, at::zeros_like(value_U), value_U * (0.3333 - 1)).detach();
  return {pick_U, value_U + change_U};
}

void SparseMixer::run(RouteState& state, const TokenContext& context) {
  const Tensor& logits_UE = state.routing.logits_TE;
  const int64_t units = logits_UE.size(0);
  Tensor count_U = k > 0 ? at::full({units}, k, logits_UE.options().dtype(at::kLong))
                         : count_for_mass(state, p).clamp_max(at_most);
  const int64_t slots = k > 0 ? k : units == 0 ? 1 : count_U.max().item<int64_t>();
  count_U = at::minimum(count_U, state.choice_UE.isneginf().logical_not().sum(1));

  const bool sampled = noise && context.training();
  Tensor choice_UE = state.choice_UE.detach();
  std::vector<Tensor> expert, weight;
  for (int64_t slot = 0; slot < slots; ++slot) {
    Tensor gumbel_UE, uniform_U1;
    if (sampled) {
      gumbel_UE = gumbel_noise(choice_UE);
      uniform_U1 = at::rand({units, 1}, choice_UE.options());
    }
    const MixerPick pick = mixer_round(logits_UE, choice_UE, jitter, gumbel_UE, uniform_U1);
    const Tensor over_U = count_U <= slot;
    expert.push_back(pick.expert_U.masked_fill(over_U, -1).to(at::kInt));
    weight.push_back(pick.weight_U.masked_fill(over_U, 0));
    choice_UE = choice_UE.scatter(1, pick.expert_U.unsqueeze(1), -kInfinity);
  }
  state.routing.expert_TK = at::stack(expert, 1);
  state.routing.weight_TK = at::stack(weight, 1);
}

// Without noise the picks are the ranked experts; a pick's weight is its part of the softmax over those left
// that are near the best of them.
bool SparseMixer::run_few(FewTokens& few) {
  std::vector<std::vector<int32_t>> ranked_T;
  std::vector<int64_t> count_T;
  few.slots = k > 0 ? k : 1;
  for (int64_t t = 0; t < few.tokens; ++t) {
    ranked_T.push_back(few.ranked(t));
    const auto& ranked = ranked_T.back();
    count_T.push_back(k > 0 ? k : std::min(few.count_for_mass(t, ranked, p), at_most));
    few.slots = std::max(few.slots, count_T.back());
    count_T.back() = std::min(count_T.back(), std::ssize(ranked));
  }
  few.expert_TK.assign(static_cast<size_t>(few.tokens * few.slots), -1);
  few.weight_TK.assign(few.expert_TK.size(), 0);
  for (int64_t t = 0; t < few.tokens; ++t) {
    const float* logits_E = few.logits_TE.data() + t * few.experts;
    const auto& ranked = ranked_T[static_cast<size_t>(t)];
    for (int64_t slot = 0; slot < count_T[static_cast<size_t>(t)]; ++slot) {
      const std::span left(ranked.begin() + slot, ranked.end());
      float most = kLowest, all = 0;
      for (const int32_t e : left) most = std::max(most, logits_E[e]);
      const auto mass = [&](int32_t e) {
        const float far = (most - logits_E[e]) / std::max(std::abs(logits_E[e]), std::abs(most));
        return far > static_cast<float>(2 * jitter) ? 0 : std::exp(logits_E[e] - most);
      };
      for (const int32_t e : left) all += mass(e);
      few.expert_TK[t * few.slots + slot] = left[0];
      few.weight_TK[t * few.slots + slot] = mass(left[0]) / all;
    }
  }
  return true;
}

Ptr<Stage> make_sparse_mixer(ConfigObject& config, const RouterShape& shape) {
  auto stage = std::make_shared<SparseMixer>();
  const int64_t pool = shape.experts + shape.nulls;
  require<UsageError>(config.has("k") != config.has("p"), "{} or {}: exactly one of them is needed",
                      config.name("k"), config.name("p"));
  if (config.has("k")) stage->k = integer_of(config, "k", std::nullopt, 1, pool);
  if (config.has("p")) stage->p = number_of(config, "p", std::nullopt, 0, 1);
  stage->at_most = integer_of(config, "at_most", pool, 1, pool);
  stage->jitter = number_of(config, "jitter", stage->jitter, 0, 1);
  stage->noise = config.get("noise", true);
  return stage;
}

}  // namespace conclave
