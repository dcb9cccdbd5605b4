#include "framework/blocks/attention.h"

#include <ATen/ATen.h>

#include "framework/base/config_object.h"

namespace conclave {

using QkNorm = AttentionShape::QkNorm;

AttentionShape AttentionShape::read(ConfigObject& c, int64_t width, double eps) {
  AttentionShape shape;
  shape.width = width;
  shape.eps = eps;
  shape.heads = c.need_integer("heads");
  shape.kv_heads = c.get_integer("kv_heads", shape.heads, 1);
  require<UsageError>(shape.heads % shape.kv_heads == 0, "{} = {}: must divide {} heads", c.name("kv_heads"),
                      shape.kv_heads, shape.heads);
  require<UsageError>(c.has("head_dim") || width % shape.heads == 0, "{} = {}: must divide the width {}",
                      c.name("heads"), shape.heads, width);
  shape.head_dim = c.get_integer("head_dim", width / shape.heads, 1);
  shape.qkv_bias = c.get("qkv_bias", false);
  shape.out_bias = c.get("out_bias", false);
  const auto qk_norm = c.one_of("qk_norm", {"none", "head", "full"});
  shape.qk_norm = qk_norm == "head" ? QkNorm::head : qk_norm == "full" ? QkNorm::full : QkNorm::none;
  shape.clip = c.get("clip", 0.0);
  shape.output_gate = c.get("output_gate", false);
  require<UsageError>(!shape.output_gate || shape.qk_norm != QkNorm::full,
                      "{}: not together with qk_norm = \"full\"", c.name("output_gate"));
  return shape;
}

Attention::Attention(const AttentionShape& s, int64_t layer, InitStd std)
    : heads(s.heads),
      kv_heads(s.kv_heads),
      head_dim(s.head_dim),
      qk_norm(s.qk_norm),
      clip(s.clip),
      output_gate(s.output_gate),
      q_proj(s.width, s.heads * s.head_dim * (s.output_gate ? 2 : 1), s.qkv_bias, std.in),
      k_proj(s.width, s.kv_heads * s.head_dim, s.qkv_bias, std.in),
      v_proj(s.width, s.kv_heads * s.head_dim, s.qkv_bias, std.in),
      o_proj(s.heads * s.head_dim, s.width, s.out_bias, std.out) {
  this->layer = layer;
  if (qk_norm == QkNorm::none) return;
  const bool full = qk_norm == QkNorm::full;
  q_norm = std::make_shared<RmsNorm>(full ? heads * head_dim : head_dim, s.eps, s.norm_centre);
  k_norm = std::make_shared<RmsNorm>(full ? kv_heads * head_dim : head_dim, s.eps, s.norm_centre);
}

Tensor Attention::forward(const Tensor& x_NLD, const Pass& pass, const TokenContext& context) const {
  const int64_t rows = x_NLD.size(0), tokens = x_NLD.size(1);
  // [N,L,H·C] -> [N,H,L,C]
  const auto split = [&](Tensor y, int64_t count, const Ptr<Norm>& norm) {
    if (qk_norm == QkNorm::full && norm) y = norm->forward(y);
    if (clip > 0) y = y.clamp(-clip, clip);
    y = y.view({rows, tokens, count, head_dim});
    if (qk_norm == QkNorm::head && norm) y = norm->forward(y);
    return y.transpose(1, 2);
  };
  Tensor projected = q_proj.forward(x_NLD, context), gate;
  if (output_gate) {  // each head's gate lies behind its query
    const Tensor both = projected.view({rows, tokens, heads, 2 * head_dim});
    gate = both.narrow(3, head_dim, head_dim).flatten(2).sigmoid();
    projected = both.narrow(3, 0, head_dim).flatten(2);
  }
  Tensor q = split(projected, heads, q_norm);
  Tensor k = split(k_proj.forward(x_NLD, context), kv_heads, k_norm);
  const Tensor v = split(v_proj.forward(x_NLD, context), kv_heads, nullptr);
  if (pass.rotation.defined()) {
    q = rotate(q, pass.rotation);
    k = rotate(k, pass.rotation);
  }
  const auto pieces = pass.past ? pass.past->append(layer, k, v) : std::vector<KeyValue>{{k, v}};
  Tensor y = attend(q, pieces, pass.visibility).transpose(1, 2).reshape({rows, tokens, heads * head_dim});
  if (output_gate) y = y * gate;
  return o_proj.forward(y, context);
}

void Attention::visit(Visitor& v) {
  v.child("q_proj", q_proj);
  v.child("k_proj", k_proj);
  v.child("v_proj", v_proj);
  v.child("o_proj", o_proj);
  v.child("q_norm", q_norm);
  v.child("k_norm", k_norm);
}

}  // namespace conclave
