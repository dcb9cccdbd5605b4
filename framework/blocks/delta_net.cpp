#include "framework/blocks/delta_net.h"

#include <ATen/ATen.h>

#include "framework/base/config_object.h"
#include "framework/nn/delta_rule.h"

namespace conclave {
namespace {

Tensor to_length_one(const Tensor& x) {
  return x * (x.square().sum(-1, /*keepdim=*/true) + 1e-6).rsqrt();
}

// The tokens of each row with the padding behind them, so that it lies within no convolution's reach.
struct PaddingLast {
  Tensor order_NL, valid_NL, count_N;  // undefined: nothing is padded

  explicit PaddingLast(const Tensor& valid) {
    if (!valid.defined()) return;
    const Tensor kept = valid.to(at::kBool);
    order_NL = kept.logical_not().to(at::kLong).argsort(/*stable=*/true, /*dim=*/1);
    valid_NL = kept.gather(1, order_NL);
    count_N = kept.sum(1);
  }
  bool any() const { return order_NL.defined(); }
  Tensor places(const Tensor& x_NLD) const { return order_NL.unsqueeze(2).expand(x_NLD.sizes()); }
  Tensor in(const Tensor& x_NLD) const { return any() ? x_NLD.gather(1, places(x_NLD)) : x_NLD; }
  Tensor out(const Tensor& y_NLD) const {
    return any() ? at::zeros_like(y_NLD).scatter(1, places(y_NLD), kept(y_NLD)) : y_NLD;
  }
  // Zeros in the padding's place.
  Tensor kept(const Tensor& x_NLX) const {
    return any() ? x_NLX.masked_fill(valid_NL.logical_not().unsqueeze(2), 0) : x_NLX;
  }
  // `count` places that end with each row's last token, of x with so many places in front of the tokens.
  Tensor last(const Tensor& x_NTC, int64_t count) const {
    if (!any()) return x_NTC.narrow(1, x_NTC.size(1) - count, count);
    const Tensor place_NW = count_N.unsqueeze(1) + at::arange(count, count_N.options());
    return x_NTC.gather(1, place_NW.unsqueeze(2).expand({x_NTC.size(0), count, x_NTC.size(2)}));
  }
};

}  // namespace

DeltaNetShape DeltaNetShape::read(const Json& config, const std::string& path, int64_t width, double eps) {
  ConfigObject c(config, path);
  DeltaNetShape shape;
  shape.width = width;
  shape.eps = eps;
  shape.key_heads = c.need_integer("key_heads");
  shape.value_heads = c.need_integer("value_heads");
  shape.key_dim = c.need_integer("key_dim");
  shape.value_dim = c.need_integer("value_dim");
  shape.kernel = c.get_integer("kernel", 4, 1);
  shape.by_key_heads = c.get("by_key_heads", false);
  c.finish();
  require<UsageError>(shape.value_heads % shape.key_heads == 0, "{} = {}: must divide {} value heads",
                      c.name("key_heads"), shape.key_heads, shape.value_heads);
  return shape;
}

GatedDeltaNet::GatedDeltaNet(const DeltaNetShape& s, int64_t layer, InitStd std)
    : shape(s),
      conv(at::empty({s.channels(), 1, s.kernel}).uniform_(-1, 1).div_(std::sqrt(double(s.kernel)))),
      A_log(at::empty({s.value_heads}).uniform_(0.01, 16).log_()),
      dt_bias(at::ones({s.value_heads})),
      norm(std::make_shared<RmsNorm>(s.value_dim, s.eps)),
      out_proj(s.values(), s.width, false, std.out) {
  this->layer = layer;
  if (s.by_key_heads) {
    in_proj_qkvz = Linear(s.width, s.channels() + s.values(), false, std.in);
    in_proj_ba = Linear(s.width, 2 * s.value_heads, false, std.in);
  } else {
    in_proj_qkv = Linear(s.width, s.channels(), false, std.in);
    in_proj_z = Linear(s.width, s.values(), false, std.in);
    in_proj_b = Linear(s.width, s.value_heads, false, std.in);
    in_proj_a = Linear(s.width, s.value_heads, false, std.in);
  }
}

GatedDeltaNet::Projected GatedDeltaNet::project(const Tensor& x, const TokenContext& context) const {
  const auto by_head = [](const Tensor& y, int64_t heads) { return y.unflatten(-1, {heads, -1}); };
  if (!shape.by_key_heads)
    return {in_proj_qkv.forward(x, context), by_head(in_proj_z.forward(x, context), shape.value_heads),
            in_proj_b.forward(x, context), in_proj_a.forward(x, context)};
  const int64_t share = shape.value_heads / shape.key_heads, values = share * shape.value_dim;
  const auto qkvz = by_head(in_proj_qkvz.forward(x, context), shape.key_heads)
                        .split_with_sizes({shape.key_dim, shape.key_dim, values, values}, -1);
  const auto ba = by_head(in_proj_ba.forward(x, context), shape.key_heads).split(share, -1);
  return {at::cat({qkvz[0].flatten(2), qkvz[1].flatten(2), qkvz[2].flatten(2)}, -1),
          by_head(qkvz[3].flatten(2), shape.value_heads), ba[0].flatten(2), ba[1].flatten(2)};
}

Tensor GatedDeltaNet::forward(const Tensor& x_NLD, const Pass& pass, const TokenContext& context) const {
  require(pass.causal, "[delta net] layer {} reads tokens in their order: the pass must be causal", layer);
  const int64_t rows = x_NLD.size(0), tokens = x_NLD.size(1), before = shape.kernel - 1;
  const PaddingLast padding(pass.valid_NL);
  const Projected made = project(padding.in(x_NLD), context);

  DecodeState::Recurrent held;
  if (pass.past) held = pass.past->recurrent_of(layer);
  if (!held.window_NWC.defined())
    held.window_NWC = at::zeros({rows, before, shape.channels()}, made.qkv_NLC.options());
  const Tensor inputs_NTC = at::cat({held.window_NWC, padding.kept(made.qkv_NLC)}, 1);
  const Tensor mixed_NLC =
      at::silu(at::conv1d(inputs_NTC.transpose(1, 2), conv, Tensor(), /*stride=*/1, at::IntArrayRef({0}),
                          /*dilation=*/1, /*groups=*/shape.channels()))
          .transpose(1, 2);

  // [N,L,H·C] -> [N,value heads,L,C] in float32
  const auto heads = [&](int64_t start, int64_t count, int64_t dim) {
    const Tensor x = mixed_NLC.narrow(2, start, count * dim).unflatten(2, {count, dim}).transpose(1, 2);
    return x.to(at::kFloat).repeat_interleave(shape.value_heads / count, 1);
  };
  const Tensor q =
      to_length_one(heads(0, shape.key_heads, shape.key_dim)) / std::sqrt(static_cast<double>(shape.key_dim));
  const Tensor k = to_length_one(heads(shape.keys(), shape.key_heads, shape.key_dim));
  const Tensor v = heads(2 * shape.keys(), shape.value_heads, shape.value_dim);
  const Tensor decay_NLH =
      -A_log.to(at::kFloat).exp() * at::softplus(made.a_NLH.to(at::kFloat) + dt_bias.to(at::kFloat));
  const Tensor beta_NLH = made.b_NLH.sigmoid().to(at::kFloat);
  const DeltaRule done = gated_delta_rule(q, k, v, padding.kept(decay_NLH).transpose(1, 2),
                                          padding.kept(beta_NLH).transpose(1, 2), held.memory_NHKV);
  if (pass.past)
    pass.past->recurrent_of(layer) = {padding.last(inputs_NTC, before).contiguous(), done.memory_NHKV};

  const Tensor y_NLHV = done.y_NHLV.transpose(1, 2).to(x_NLD.scalar_type());
  const Tensor gated = norm->forward(y_NLHV) * at::silu(made.z_NLHV.to(at::kFloat));
  return padding.out(
      out_proj.forward(gated.to(x_NLD.scalar_type()).reshape({rows, tokens, shape.values()}), context));
}

void GatedDeltaNet::visit(Visitor& v) {
  if (shape.by_key_heads) {
    v.child("in_proj_qkvz", in_proj_qkvz);
    v.child("in_proj_ba", in_proj_ba);
  } else {
    v.child("in_proj_qkv", in_proj_qkv);
    v.child("in_proj_z", in_proj_z);
    v.child("in_proj_b", in_proj_b);
    v.child("in_proj_a", in_proj_a);
  }
  v("conv1d.weight", conv);
  v("A_log", A_log);
  v("dt_bias", dt_bias);
  v.child("norm", norm);
  v.child("out_proj", out_proj);
}

}  // namespace conclave
