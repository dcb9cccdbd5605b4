/// Each modality sees a pool of its own: separate experts, or pools that share some (MoIIE).
#pragma once

#include <map>

#include "framework/base/config_object.h"
#include "framework/moe/router.h"

namespace conclave {

/// A token whose modality is unknown or has no pool sees every expert; without modalities in the context all
/// tokens are text. Null experts are in every pool.
struct ModalityPool : Stage {
  /// pools: experts of each modality.
  ModalityPool(const std::map<Modality, std::vector<int64_t>>& pools, const RouterShape& shape);
  void run(RouteState& state, const TokenContext& context) override;

 private:
  Tensor pool_ME_;  // bool, one row for each modality; the last row is for unknown
};

/// "text" -> Modality::text; throws UsageError that names `where`.
Modality modality_named(const std::string& name, const std::string& where);

Ptr<Stage> make_modality_pool(ConfigObject& config, const RouterShape& shape);

}  // namespace conclave
