#include "framework/moe/routers/make.h"
#include "framework/moe/routers/mask/dropped.h"
#include "framework/moe/routers/mask/pools.h"
#include "framework/moe/routers/select/group_limited.h"

namespace conclave {

Ptr<Stage> make_mask(const Json& config, const std::string& path, const RouterShape& shape) {
  static const std::vector<Kind<Stage>> kinds = {
      {"modality_pool", make_modality_pool},
      {"task_pool", make_task_pool},
      {"dropped", make_dropped},
      {"group_limited", make_group_limited},
  };
  return make_kind(config, path, kinds, shape);
}

}  // namespace conclave
