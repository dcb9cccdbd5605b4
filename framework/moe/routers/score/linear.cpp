#include "framework/moe/routers/score/linear.h"

#include <ATen/ATen.h>

namespace conclave {

LinearScore::LinearScore(int64_t width, int64_t outputs, bool with_bias)
    : weight(at::empty({outputs, width}).normal_(0, 0.02)) {
  if (with_bias) bias = at::zeros({outputs});
}

void LinearScore::run(RouteState& state, const TokenContext&) {
  state.routing.logits_TE = at::linear(state.x_UD, weight, bias);
}

void LinearScore::visit(Visitor& v) {
  v("weight", weight);
  v("bias", bias);
}

}  // namespace conclave
