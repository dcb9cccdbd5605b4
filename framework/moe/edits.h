/// Routing changed at run time, per site and sequence: data that an executor, an ablation or a replay sets.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "framework/moe/routing.h"

namespace conclave {

struct Edit {
  enum class Kind {
    forbid,  ///< `expert` may not be chosen
    force,   ///< `expert` takes the first slot, whatever the masks say
    bias,    ///< adds `value_E` [E] to the logits; may need grad
    scale,   ///< multiplies the weights of `expert` by `value`
    replay   ///< takes `routing` in place of the router's; without weight_TK the router weighs its experts
  };
  Kind kind = Kind::forbid;
  int expert = -1;
  double value = 1;
  Tensor value_E{};
  Routing routing{};
  int64_t sequence = -1;  ///< -1: all sequences
  int modality = -1;      ///< -1: all modalities
};

/// Edits by site; site -1 applies to every site. Later edits win.
struct Edits {
  std::map<int, std::vector<Edit>> at;

  /// The edits of site -1, then those of `site`.
  std::vector<Edit> of(int site) const;
};

/// Forbids experts named "SITE:EXPERT" ("2:5"; "*:5" at every site) to all tokens. `pools`: experts of each
/// site. Throws UsageError for a name that is none, and for a site or expert that the model does not have.
Edits forbid_experts(std::span<const std::string> names, const std::map<int, int64_t>& pools);

}  // namespace conclave
