#include "framework/blocks/latent_attention.h"

#include <ATen/ATen.h>

#include <cmath>

#include "framework/base/config_object.h"
#include "framework/nn/rotary_scaling.h"

namespace conclave {
namespace {

// The norms of the latents have an epsilon of their own, whatever the rest of the model uses.
constexpr double kLatentEps = 1e-6;

// attend() divides by sqrt(channels of q) and wants values as wide as keys.
Tensor attend_scaled(const Tensor& q, double scale, std::vector<KeyValue> pieces, const Visibility& seen) {
  const int64_t channels = q.size(-1);
  for (auto& [k, v] : pieces) {
    if (v.size(-1) < channels) v = at::constant_pad_nd(v, {0, channels - v.size(-1)});
  }
  return attend(q * (scale * std::sqrt(static_cast<double>(channels))), pieces, seen);
}

}  // namespace

LatentShape LatentShape::read(ConfigObject& c, int64_t width) {
  LatentShape shape;
  shape.width = width;
  shape.heads = c.need_integer("heads");
  ConfigObject latent(c.part("latent"), c.name("latent"));
  shape.q_rank = latent.get_integer("q_rank", 0);
  shape.kv_rank = latent.need_integer("kv_rank");
  shape.nope = latent.need_integer("nope");
  shape.rope = latent.need_integer("rope");
  shape.value = latent.need_integer("value");
  shape.bias = latent.get("bias", false);
  latent.finish();
  require<UsageError>(shape.value <= shape.nope + shape.rope, "{} = {}: at most nope + rope = {}",
                      latent.name("value"), shape.value, shape.nope + shape.rope);
  const Json& rope = c.part("rope");
  if (rope.is_object() && rope.contains("scaling")) shape.score_scale = latent_score_scale(rope["scaling"]);
  return shape;
}

LatentAttention::LatentAttention(const LatentShape& s, int64_t layer, InitStd std)
    : shape(s),
      kv_a_layernorm(std::make_shared<RmsNorm>(s.kv_rank, kLatentEps)),
      kv_a_proj_with_mqa(s.width, s.kv_rank + s.rope, s.bias, std.in),
      kv_b_proj(s.kv_rank, s.heads * (s.nope + s.value), false, std.in),
      o_proj(s.heads * s.value, s.width, s.bias, std.out) {
  this->layer = layer;
  const int64_t out = s.heads * (s.nope + s.rope);
  if (s.q_rank == 0) {
    q_proj = Linear(s.width, out, false, std.in);
  } else {
    q_a_proj = Linear(s.width, s.q_rank, s.bias, std.in);
    q_a_layernorm = std::make_shared<RmsNorm>(s.q_rank, kLatentEps);
    q_b_proj = Linear(s.q_rank, out, false, std.in);
  }
}

// [N,H,L,nope+rope], not rotated yet.
Tensor LatentAttention::queries(const Tensor& x_NLD, const TokenContext& context) const {
  const Tensor q = shape.q_rank == 0
                       ? q_proj.forward(x_NLD, context)
                       : q_b_proj.forward(q_a_layernorm->forward(q_a_proj.forward(x_NLD, context)), context);
  return q.view({x_NLD.size(0), x_NLD.size(1), shape.heads, shape.nope + shape.rope}).transpose(1, 2);
}

Tensor LatentAttention::forward(const Tensor& x_NLD, const Pass& pass, const TokenContext& context) const {
  const int64_t rows = x_NLD.size(0), tokens = x_NLD.size(1);
  const auto turn = [&](const Tensor& y) { return pass.rotation.defined() ? rotate(y, pass.rotation) : y; };
  const Tensor q = queries(x_NLD, context);
  const Tensor q_nope = q.narrow(-1, 0, shape.nope), q_rope = turn(q.narrow(-1, shape.nope, shape.rope));
  const Tensor both = kv_a_proj_with_mqa.forward(x_NLD, context);
  const Tensor latent_NLR = kv_a_layernorm->forward(both.narrow(-1, 0, shape.kv_rank));
  const Tensor k_rope = turn(both.narrow(-1, shape.kv_rank, shape.rope).unsqueeze(1));  // [N,1,L,rope]
  const double scale = shape.score_scale / std::sqrt(static_cast<double>(shape.nope + shape.rope));

  Tensor y;  // [N,H,L,value]
  if (!pass.past) {
    const Tensor kv = kv_b_proj.forward(latent_NLR, context)
                          .view({rows, tokens, shape.heads, shape.nope + shape.value})
                          .transpose(1, 2);
    const Tensor k =
        at::cat({kv.narrow(-1, 0, shape.nope), k_rope.expand({rows, shape.heads, tokens, shape.rope})}, -1);
    y = attend_scaled(at::cat({q_nope, q_rope}, -1), scale, {{k, kv.narrow(-1, shape.nope, shape.value)}},
                      pass.visibility);
  } else {
    // The up-projections move to the queries and behind the weighted sum, so that all heads read the one
    // latent.
    require(!kv_b_proj.adapter, "[latent attention] merge the adapter of kv_b_proj before decoding");
    const Tensor up_HCR = kv_b_proj.weight.view({shape.heads, shape.nope + shape.value, shape.kv_rank});
    const Tensor q_latent = at::matmul(q_nope, up_HCR.narrow(1, 0, shape.nope));
    const Tensor key = at::cat({latent_NLR.unsqueeze(1), k_rope}, -1);
    const auto pieces = pass.past->append(layer, key, Tensor());
    const Tensor seen = attend_scaled(at::cat({q_latent, q_rope}, -1), scale, pieces, pass.visibility);
    y = at::matmul(seen.narrow(-1, 0, shape.kv_rank),
                   up_HCR.narrow(1, shape.nope, shape.value).transpose(1, 2));
  }
  y = y.narrow(-1, 0, shape.value).transpose(1, 2).reshape({rows, tokens, shape.heads * shape.value});
  return o_proj.forward(y, context);
}

void LatentAttention::visit(Visitor& v) {
  if (shape.q_rank == 0) {
    v.child("q_proj", q_proj);
  } else {
    v.child("q_a_proj", q_a_proj);
    v.child("q_a_layernorm", q_a_layernorm);
    v.child("q_b_proj", q_b_proj);
  }
  v.child("kv_a_proj_with_mqa", kv_a_proj_with_mqa);
  v.child("kv_a_layernorm", kv_a_layernorm);
  v.child("kv_b_proj", kv_b_proj);
  v.child("o_proj", o_proj);
}

}  // namespace conclave
