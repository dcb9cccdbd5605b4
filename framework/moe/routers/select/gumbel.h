/// Gumbel noise on the choice while training: with top-k it draws k experts without replacement from
/// softmax(logits / temperature) (Gumbel top-k, arXiv 1903.06059).
#pragma once

#include "framework/base/config_object.h"
#include "framework/moe/router.h"

namespace conclave {

/// -log(-log u), u uniform in (0,1), in the shape of `like`.
Tensor gumbel_noise(const Tensor& like);

struct Gumbel : Stage {
  double temperature = 1;
  void run(RouteState& state, const TokenContext& context) override;
};

Ptr<Stage> make_gumbel(ConfigObject& config, const RouterShape& shape);

}  // namespace conclave
