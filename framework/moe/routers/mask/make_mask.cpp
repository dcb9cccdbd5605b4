#include "framework/moe/routers/make.h"
#include "framework/moe/routers/mask/modality_pool.h"

namespace conclave {

Ptr<Stage> make_mask(const Json& config, const std::string& path, const RouterShape& shape) {
  static const std::vector<Kind<Stage>> kinds = {
      {"modality_pool", make_modality_pool},
  };
  return make_kind(config, path, kinds, shape);
}

}  // namespace conclave
