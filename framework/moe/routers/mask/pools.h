/// Which experts a token may see, by its modality or its task.
#pragma once

#include <map>
#include <vector>

#include "framework/base/config_object.h"
#include "framework/moe/router.h"

namespace conclave {

/// Experts of each modality or task.
using Pools = std::map<int64_t, std::vector<int64_t>>;

/// A token sees the pool of its modality (or task). One without a pool, or of unknown modality, sees every
/// expert. Null experts are in every pool. Pools that do not overlap are separate experts; overlapping ones
/// share some (MoIIE).
struct PoolMask : Stage {
  /// `assumed` stands for the whole pass when the context does not name `field`.
  PoolMask(Tensor TokenContext::*field, int64_t assumed, const Pools& pools, const RouterShape& shape);
  void run(RouteState& state, const TokenContext& context) override;
  bool run_few(FewTokens& few) override;

 private:
  Tensor TokenContext::*field_;
  int64_t assumed_;
  Tensor pool_PE_;  // bool, one row for each pool; the last row is for unknown
};

/// Pools of "private" counts: the first modality owns the first experts, and so on; the last one owns the
/// last experts; those between are shared. With two modalities this is MoIIE's layout for any number of
/// experts.
Pools private_pools(const std::vector<std::pair<int64_t, int64_t>>& owned, int64_t experts);

/// "vision" -> 1; throws UsageError that names `path`.
int64_t modality_named(const std::string& name, const std::string& path);

Ptr<Stage> make_modality_pool(ConfigObject& config, const RouterShape& shape);
Ptr<Stage> make_task_pool(ConfigObject& config, const RouterShape& shape);

}  // namespace conclave
