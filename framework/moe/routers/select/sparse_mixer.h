/// One expert after the other, each with a weight of its own (SparseMixer, arXiv 2310.00811; GRIN,
/// 2409.12136).
#pragma once

#include "framework/base/config_object.h"
#include "framework/moe/router.h"

namespace conclave {

/// One round of the mixer.
struct MixerPick {
  Tensor expert_U;  ///< int64; undefined choice (0) where nothing is left
  Tensor weight_U;  ///< differentiable
};

/// Experts left are those of choice_UE above -inf. s are the logits and m their maximum over what is left;
/// experts with (m - s) / max(|s|, |m|) > 2·jitter drop out of the round, the others share a softmax, and the
/// pick's weight is its part. Without noise the pick is the best choice. With Gumbel noise [U,E] and uniform
/// draws [U,1] the pick is sampled, and its weight is a third unless it is the best or the draw is above
/// 0.75; the gradient ignores that factor.
MixerPick mixer_round(const Tensor& logits_UE, const Tensor& choice_UE, double jitter,
                      const Tensor& gumbel_UE, const Tensor& uniform_U1);

/// k rounds, or as many as the mass p needs. Sets experts and weights: weigh with "given".
struct SparseMixer : Stage {
  int64_t k = 0;  ///< 0: by p
  double p = 0;
  int64_t at_most = 0;
  double jitter = 0.01;
  bool noise = true;  ///< samples while training
  void run(RouteState& state, const TokenContext& context) override;
  bool run_few(FewTokens& few) override;
};

Ptr<Stage> make_sparse_mixer(ConfigObject& config, const RouterShape& shape);

}  // namespace conclave
