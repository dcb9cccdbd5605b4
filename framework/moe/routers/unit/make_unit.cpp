#include "framework/moe/routers/make.h"
#include "framework/moe/routers/unit/groups.h"

namespace conclave {
namespace {

// The token needs no grouping.
Ptr<UnitStage> token(ConfigObject&, const RouterShape&) {
  return nullptr;
}
Ptr<UnitStage> sequence(ConfigObject&, const RouterShape&) {
  return std::make_shared<GroupedUnits>(false);
}
Ptr<UnitStage> unit(ConfigObject&, const RouterShape&) {
  return std::make_shared<GroupedUnits>(true);
}

}  // namespace

Ptr<UnitStage> make_unit(const Json& config, const std::string& path, const RouterShape& shape) {
  static const std::vector<Kind<UnitStage>> kinds = {
      {"token", token},
      {"sequence", sequence},
      {"unit", unit},
  };
  return make_kind(config, path, kinds, shape);
}

}  // namespace conclave
