#include "framework/moe/routers/make.h"
#include "framework/moe/routers/score/linear.h"

namespace conclave {
namespace {

int64_t outputs(const RouterShape& shape) {
  return shape.experts + shape.nulls + shape.shared;
}

Ptr<Stage> make_linear(ConfigObject& config, const RouterShape& shape) {
  return std::make_shared<LinearScore>(shape.width, outputs(shape), config.get("bias", false));
}

}  // namespace

Ptr<Stage> make_score(const Json& config, const std::string& path, const RouterShape& shape) {
  static const std::vector<Kind<Stage>> kinds = {
      {"linear", make_linear},
  };
  return make_kind(config, path, kinds, shape);
}

}  // namespace conclave
