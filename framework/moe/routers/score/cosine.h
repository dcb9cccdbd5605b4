/// Cosine between the projected token and an embedding of each expert (X-MoE, arXiv 2204.09179).
#pragma once

#include "framework/base/config_object.h"
#include "framework/moe/router.h"

namespace conclave {

/// logits = cos(P x, e) / temperature. The temperature is learned through its logarithm and stays above 0.01.
struct CosineScore : Stage {
  Tensor project_PD;       ///< [P,D]; undefined: the token itself
  Tensor embed_EP;         ///< [E,P]
  Tensor log_temperature;  ///< [1]

  void run(RouteState& state, const TokenContext& context) override;
  void visit(Visitor& v) override;
};

Ptr<Stage> make_cosine_score(ConfigObject& config, const RouterShape& shape);

}  // namespace conclave
