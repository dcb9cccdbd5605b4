#include "models/seq2seq/cross_decoder.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "framework/base/config_object.h"

namespace conclave {
namespace {

// [N,L,H·C] -> [N,H,L,C]
Tensor by_head(const Tensor& x, int64_t heads) {
  return x.unflatten(2, {heads, x.size(2) / heads}).transpose(1, 2);
}

}  // namespace

CrossAttention::CrossAttention(int64_t width, int64_t heads, bool bias)
    : heads(heads),
      q_proj(width, width, bias),
      k_proj(width, width, bias),
      v_proj(width, width, bias),
      o_proj(width, width, bias) {}

KeyValue CrossAttention::remember(const Tensor& memory_NMD) const {
  return {by_head(k_proj.forward(memory_NMD), heads), by_head(v_proj.forward(memory_NMD), heads)};
}

Tensor CrossAttention::forward(const Tensor& x_NLD, const KeyValue& memory,
                               const Visibility& visibility) const {
  const Tensor y = attend(by_head(q_proj.forward(x_NLD), heads), {&memory, 1}, visibility);
  return o_proj.forward(y.transpose(1, 2).flatten(2));
}

void CrossAttention::visit(Visitor& v) {
  v.child("q_proj", q_proj);
  v.child("k_proj", k_proj);
  v.child("v_proj", v_proj);
  v.child("o_proj", o_proj);
}

void CrossBlock::visit(Visitor& v) {
  v.child("self_norm", self_norm);
  v.child("self_attn", self_attn);
  v.child("cross_norm", cross_norm);
  v.child("cross_attn", cross_attn);
  v.child("ffn_norm", ffn_norm);
  v.child("mlp", ffn);
  v.child("mlp", moe);
}

Memory CrossDecoder::remember(const Tensor& memory_NMD, const Tensor& valid_NM) const {
  Memory memory;
  for (const auto& block : layers) memory.layers.push_back(block->cross_attn->remember(memory_NMD));
  if (!valid_NM.defined()) return memory;
  const Tensor valid = valid_NM.to(at::kBool);
  memory.visibility.allowed =
      valid.logical_or(valid.any(1, true).logical_not()).unsqueeze(1).unsqueeze(1);  // [N,1,1,M]
  return memory;
}

Tensor CrossDecoder::forward(const Tensor& x_NLD, const Memory& memory, TokenContext context,
                             Seen* seen) const {
  const int64_t rows = x_NLD.size(0), tokens = x_NLD.size(1);
  const auto device = x_NLD.device();
  Pass pass;
  pass.past = context.past;
  pass.visibility = pass_visibility({}, rows, tokens, context.past, device);
  if (!context.sequence_T.defined())
    context.sequence_T = at::arange(rows, at::dtype(at::kLong).device(device)).repeat_interleave(tokens);
  Visibility around = memory.visibility;
  if (around.allowed.defined())
    around.allowed = around.allowed.expand({rows, 1, tokens, around.allowed.size(3)});
  Tensor x = x_NLD;
  for (size_t i = 0; i < layers.size(); ++i) {
    const auto& block = *layers[i];
    x = x + block.self_attn->forward(block.self_norm->forward(x), pass, context);
    const Tensor cross = block.cross_attn->forward(block.cross_norm->forward(x), memory.layers[i], around);
    x = x + cross;
    const Tensor normed_TD = block.ffn_norm->forward(x).flatten(0, 1);
    const Tensor y_TD =
        block.moe ? block.moe->forward(normed_TD, context) : block.ffn->forward(normed_TD, context);
    x = x + y_TD.view(x.sizes());
    if (seen) {
      seen->layers.push_back(x);
      seen->cross.push_back(cross);
    }
  }
  if (context.past) context.past->advance(rows, tokens, {}, device);
  return norm->forward(x);
}

void CrossDecoder::visit(Visitor& v) {
  v.children("layers", layers);
  v.child("norm", norm);
}

Ptr<CrossDecoder> make_cross_decoder(const Json& config, Site first_site, const std::string& path) {
  ConfigObject c(config, path);
  auto decoder = std::make_shared<CrossDecoder>();
  decoder->width = c.need_integer("width");
  const auto layers = c.need_integer("layers");
  const auto heads = c.need_integer("heads");
  const bool bias = c.get("bias", true);
  const double eps = c.get("eps", 1e-5);
  const auto routed = c.get("moe_layers", std::vector<int64_t>{});
  const Json &ffn = c.part("ffn"), &moe = c.part("moe");
  c.finish();
  require<UsageError>(decoder->width % heads == 0, "{} = {}: must divide the width {}", c.name("heads"),
                      heads, decoder->width);
  const AttentionShape shape{.width = decoder->width,
                             .heads = heads,
                             .kv_heads = heads,
                             .head_dim = decoder->width / heads,
                             .qkv_bias = bias,
                             .out_bias = bias};
  const auto make_one_norm = [&] { return make_norm("layer_norm", decoder->width, eps); };
  for (int64_t i = 0; i < layers; ++i) {
    auto block = std::make_shared<CrossBlock>();
    block->self_norm = make_one_norm();
    block->cross_norm = make_one_norm();
    block->ffn_norm = make_one_norm();
    block->self_attn = std::make_shared<Attention>(shape, i);
    block->cross_attn = std::make_shared<CrossAttention>(decoder->width, heads, bias);
    if (std::find(routed.begin(), routed.end(), i) != routed.end())
      block->moe = make_layer(moe, decoder->width, first_site++);
    else
      block->ffn = make_ffn(ffn, decoder->width, {}, c.name("ffn"));
    decoder->layers.push_back(block);
  }
  decoder->norm = make_one_norm();
  return decoder;
}

Tensor sinusoids(const Tensor& position, int64_t width, bool cosines_first) {
  const int64_t half = width / 2;
  const Tensor frequency_C = (at::arange(half, at::kFloat) *
                              (-std::log(10000.0) / static_cast<double>(std::max<int64_t>(half - 1, 1))))
                                 .exp();
  const Tensor angle = position.to(at::kFloat).unsqueeze(-1) * frequency_C.to(position.device());
  const Tensor table =
      cosines_first ? at::cat({angle.cos(), angle.sin()}, -1) : at::cat({angle.sin(), angle.cos()}, -1);
  return width % 2 == 0 ? table : at::constant_pad_nd(table, {0, 1});
}

}  // namespace conclave
