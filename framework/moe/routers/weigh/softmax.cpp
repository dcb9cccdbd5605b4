#include "framework/moe/routers/weigh/softmax.h"

#include <ATen/ATen.h>

#include <cmath>
#include <limits>

#include "framework/moe/few_tokens.h"
#include "framework/moe/infinity.h"

namespace conclave {
namespace {

// The weight of each slot: its share of the sum over the chosen experts, or over all that may be chosen.
bool weigh_few(FewTokens& few, bool selected) {
  few.weight_TK.assign(few.expert_TK.size(), 0);
  for (int64_t t = 0; t < few.tokens; ++t) {
    const float* logits_E = few.logits_TE.data() + t * few.experts;
    const float* choice_E = few.choice_TE.data() + t * few.experts;
    const int32_t* expert_K = few.expert_TK.data() + t * few.slots;
    float* weight_K = few.weight_TK.data() + t * few.slots;
    float most = -kInfinity, sum = 0;
    for (int64_t e = 0; e < few.experts; ++e) {
      if (choice_E[e] != -kInfinity) most = std::max(most, logits_E[e]);
    }
    for (int64_t k = 0; k < few.slots; ++k) {
      if (expert_K[k] < 0) continue;
      weight_K[k] = std::exp(logits_E[expert_K[k]] - most);
      sum += weight_K[k];
    }
    if (!selected) {
      sum = 0;
      for (int64_t e = 0; e < few.experts; ++e) {
        if (choice_E[e] != -kInfinity) sum += std::exp(logits_E[e] - most);
      }
    }
    for (int64_t k = 0; k < few.slots; ++k) {
      if (expert_K[k] >= 0) weight_K[k] /= sum;
    }
  }
  return true;
}

}  // namespace

void SoftmaxWeigh::run(RouteState& state, const TokenContext&) {
  state.routing.weight_TK = state.at_slots(state.probabilities());
}

bool SoftmaxWeigh::run_few(FewTokens& few) {
  return weigh_few(few, false);
}

void SoftmaxSelected::run(RouteState& state, const TokenContext&) {
  Routing& routing = state.routing;
  const Tensor logits_UK = state.at_slots(routing.logits_TE);
  if (state.full) {
    routing.weight_TK = logits_UK.softmax(1);
    return;
  }
  // The lowest float instead of -inf: a row without any expert gives no NaN.
  const Tensor empty_UK = routing.expert_TK < 0;
  routing.weight_TK = logits_UK.masked_fill(empty_UK, std::numeric_limits<float>::lowest())
                          .softmax(1)
                          .masked_fill(empty_UK, 0);
}

bool SoftmaxSelected::run_few(FewTokens& few) {
  return weigh_few(few, true);
}

}  // namespace conclave
