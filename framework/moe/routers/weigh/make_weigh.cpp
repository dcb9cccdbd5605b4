#include "framework/moe/routers/make.h"
#include "framework/moe/routers/weigh/softmax.h"

namespace conclave {
Ptr<Stage> make_weigh(const Json& config, const std::string& path, const RouterShape& shape) {
  static const std::vector<Kind<Stage>> kinds = {
      {"softmax", make_plain<SoftmaxWeigh>},
      {"softmax_selected", make_plain<SoftmaxSelected>},
  };
  return make_kind(config, path, kinds, shape);
}

}  // namespace conclave
