#include "framework/nn/ffn.h"

#include <ATen/ATen.h>

#include <cmath>

#include "framework/base/config_object.h"

namespace conclave {

InitStd InitStd::for_depth(int64_t layers, double std) {
  return {std, std / std::sqrt(2.0 * static_cast<double>(std::max<int64_t>(layers, 1)))};
}

GatedFfn::GatedFfn(int64_t width, int64_t hidden, Activation activation, bool bias, InitStd std)
    : activation(activation),
      gate_proj(width, hidden, bias, std.in),
      up_proj(width, hidden, bias, std.in),
      down_proj(hidden, width, bias, std.out) {}

Tensor GatedFfn::forward(const Tensor& x, const TokenContext& context) {
  const Tensor gate = activate(activation, gate_proj.forward(x, context));
  return down_proj.forward(gate * up_proj.forward(x, context), context);
}

void GatedFfn::visit(Visitor& v) {
  v.child("gate_proj", gate_proj);
  v.child("up_proj", up_proj);
  v.child("down_proj", down_proj);
}

PlainFfn::PlainFfn(int64_t width, int64_t hidden, Activation activation, bool bias, InitStd std)
    : activation(activation), fc1(width, hidden, bias, std.in), fc2(hidden, width, bias, std.out) {}

Tensor PlainFfn::forward(const Tensor& x, const TokenContext& context) {
  return fc2.forward(activate(activation, fc1.forward(x, context)), context);
}

void PlainFfn::visit(Visitor& v) {
  v.child("fc1", fc1);
  v.child("fc2", fc2);
}

Ptr<Path> make_ffn(const Json& config, int64_t width, InitStd std, const std::string& path) {
  ConfigObject c(config, path);
  const bool gated = c.one_of("kind", {"gated_ffn", "plain_ffn"}) == "gated_ffn";
  const auto hidden = c.need_integer("hidden");
  const auto activation =
      parse_activation(c.get<std::string>("activation", gated ? "silu" : "gelu"), c.name("activation"));
  const bool bias = c.get("bias", !gated);
  c.finish();
  if (gated) return std::make_shared<GatedFfn>(width, hidden, activation, bias, std);
  return std::make_shared<PlainFfn>(width, hidden, activation, bias, std);
}

}  // namespace conclave
