#include "framework/moe/routers/make.h"
#include "framework/moe/routers/select/capacity.h"
#include "framework/moe/routers/select/top_k.h"

namespace conclave {

Ptr<Stage> make_select(const Json& config, const std::string& path, const RouterShape& shape) {
  static const std::vector<Kind<Stage>> kinds = {
      {"top_k", make_top_k},
      {"capacity", make_capacity},
  };
  return make_kind(config, path, kinds, shape);
}

}  // namespace conclave
