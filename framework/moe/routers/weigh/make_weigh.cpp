#include "framework/moe/routers/make.h"
#include "framework/moe/routers/weigh/change.h"
#include "framework/moe/routers/weigh/shared_gate.h"
#include "framework/moe/routers/weigh/sigmoid.h"
#include "framework/moe/routers/weigh/softmax.h"

namespace conclave {

Ptr<Stage> make_weigh(const Json& config, const std::string& path, const RouterShape& shape) {
  static const std::vector<Kind<Stage>> kinds = {
      {"softmax", make_plain<SoftmaxWeigh>},
      {"softmax_selected", make_plain<SoftmaxSelected>},
      {"sigmoid", make_plain<SigmoidWeigh>},
      {"one", make_plain<One>},
      {"given", make_plain<Given>},
      {"normalise", make_normalise},
      {"scale", make_scale},
      {"shared_gate", make_plain<SharedGateWeigh>},
  };
  return make_kind(config, path, kinds, shape);
}

}  // namespace conclave
