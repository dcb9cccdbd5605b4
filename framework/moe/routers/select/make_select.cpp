#include "framework/moe/routers/make.h"
#include "framework/moe/routers/select/bias_corrected.h"
#include "framework/moe/routers/select/capacity.h"
#include "framework/moe/routers/select/choose_by.h"
#include "framework/moe/routers/select/expert_choice.h"
#include "framework/moe/routers/select/group_limited.h"
#include "framework/moe/routers/select/gumbel.h"
#include "framework/moe/routers/select/sinkhorn.h"
#include "framework/moe/routers/select/sparse_mixer.h"
#include "framework/moe/routers/select/stick_breaking.h"
#include "framework/moe/routers/select/threshold.h"
#include "framework/moe/routers/select/top_k.h"
#include "framework/moe/routers/select/top_p.h"

namespace conclave {

Ptr<Stage> make_select(const Json& config, const std::string& path, const RouterShape& shape) {
  static const std::vector<Kind<Stage>> kinds = {
      // These fill the slots.
      {"top_k", make_top_k},
      {"top_p", make_top_p},
      {"threshold", make_threshold},
      {"expert_choice", make_expert_choice},
      {"sparse_mixer", make_sparse_mixer},
      // These change the choice before.
      {"choose_by", make_choose_by},
      {"bias_corrected", make_bias_corrected},
      {"group_limited", make_group_limited},
      {"gumbel", make_gumbel},
      {"sinkhorn", make_sinkhorn},
      {"stick_breaking", make_plain<StickBreaking>},
      // This empties slots after.
      {"capacity", make_capacity},
  };
  return make_kind(config, path, kinds, shape);
}

}  // namespace conclave
