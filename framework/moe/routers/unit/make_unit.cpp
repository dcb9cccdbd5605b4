#include "framework/moe/routers/make.h"

namespace conclave {

Ptr<UnitStage> make_unit(const Json& config, const std::string& path, const RouterShape& shape) {
  static const std::vector<Kind<UnitStage>> kinds = {
      {"token", [](ConfigObject&, const RouterShape&) { return Ptr<UnitStage>(); }},
  };
  return make_kind(config, path, kinds, shape);
}

}  // namespace conclave
