#include "framework/blocks/transformer.h"

#include <ATen/ATen.h>

#include "framework/base/config_object.h"
#include "framework/blocks/delta_net.h"
#include "framework/blocks/few_rows.h"
#include "framework/blocks/latent_attention.h"
#include "framework/nn/rotary_scaling.h"

namespace conclave {
namespace {

constexpr int64_t kMostLayers = 10'000;  // a changed file must not fill the memory

// Which layers have a part: "all", "odd", "even" (counted from 0) or a list of numbers; all when there is
// `part` and nothing is said.
std::vector<bool> read_layers(ConfigObject& c, const std::string& part, int64_t layers) {
  std::vector<bool> routed(static_cast<size_t>(layers), false);
  const std::string key = c.name(part + "_layers");
  const Json value = c.get<Json>(part + "_layers", Json(c.has(part) ? "all" : "none"));
  if (value.is_array()) {
    for (const auto& item : value) {
      require<UsageError>(item.is_number_integer() && item >= 0 && item < layers,
                          "{} has {}: must be layer numbers below {}", key, item.dump(), layers);
      routed[item.get<size_t>()] = true;
    }
    return routed;
  }
  const auto name = value.is_string() ? value.get<std::string>() : "";
  require<UsageError>(name == "all" || name == "odd" || name == "even" || name == "none",
                      "{} = {}: must be all, odd, even, none or a list of layer numbers", key, value.dump());
  for (size_t i = 0; i < routed.size(); ++i) {
    routed[i] = name == "all" || (name == "odd" && i % 2 == 1) || (name == "even" && i % 2 == 0);
  }
  return routed;
}

Rotary read_rotary(const Json& config, int64_t head_dim, const std::string& path) {
  ConfigObject c(config, path);
  Rotary rotary;
  rotary.dim = c.get_integer("dim", head_dim, 2);
  rotary.theta = c.get("theta", 10000.0);
  rotary.sections = c.get("sections", std::vector<int64_t>{});
  rotary.interleaved = c.get("interleaved", false);
  rotary.time_last = c.get("time_last", false);
  rotary.grid = c.get("grid", false);
  rotary.pairs = c.get("pairs", false);
  const auto longest = c.get_integer("longest", 0);
  const Json& scaling = c.part("scaling");
  c.finish();
  require<UsageError>(rotary.dim <= head_dim && rotary.dim % 2 == 0,
                      "{} = {}: must be even and at most the head's {}", c.name("dim"), rotary.dim, head_dim);
  scale_rotary(rotary, scaling, longest, c.name("scaling"));
  return rotary;
}

// A dense part sees the valid tokens alone: padding may be half of a batch.
Tensor on_valid(Path& path, const Tensor& x_TD, const Tensor& valid_V, const TokenContext& context) {
  if (!valid_V.defined() || path.reads_context()) return path.forward(x_TD, context);
  const Tensor y_VD = path.forward(x_TD.index_select(0, valid_V), context);
  return at::zeros(x_TD.sizes(), y_VD.options()).index_copy(0, valid_V, y_VD);
}

}  // namespace

Tensor TransformerBlock::forward(const Tensor& x_NLD, const Pass& pass, const TokenContext& context) const {
  const Tensor first_NLD = input_layernorm->forward(x_NLD);
  const auto thinned = [&](const Tensor& y) {
    return dropout > 0 && context.training() ? at::dropout(y, dropout, true) : y;
  };
  const Tensor x = x_NLD + thinned(self_attn->forward(first_NLD, pass, context));
  const Tensor normed_TD =
      (post_attention_layernorm ? post_attention_layernorm->forward(x) : first_NLD).reshape({-1, x.size(-1)});
  const Tensor y_TD =
      moe ? moe->forward(normed_TD, context) : on_valid(*ffn, normed_TD, pass.valid_V, context);
  return x + thinned(y_TD.view(x.sizes()));
}

void TransformerBlock::visit(Visitor& v) {
  v.child("input_layernorm", input_layernorm);
  v.child(self_attn->name(), self_attn);
  v.child("post_attention_layernorm", post_attention_layernorm);
  v.child("mlp", ffn);
  v.child("mlp", moe);
}

Tensor Transformer::forward(const Tensor& x_NLD, const PassInput& asked, TokenContext context) const {
  if (context.past && context.past->adapter_N.defined() && !context.adapter_T.defined())
    context.adapter_T = context.past->adapter_N.repeat_interleave(x_NLD.size(1));
  if (auto y = step_few_rows(*this, x_NLD, asked, context)) return *y;
  PassInput input = asked;
  if (input.window == 0) input.window = window;
  const int64_t rows = x_NLD.size(0), tokens = x_NLD.size(1);
  const auto device = x_NLD.device();
  require(!context.past || context.past->rows() == 0 || context.past->rows() == rows,
          "[transformer] {} sequences go on from a state of {}", rows,
          context.past ? context.past->rows() : 0);
  const Tensor position = pass_positions(input, rows, tokens, context.past, device);
  Pass pass;
  pass.past = context.past;
  pass.causal = input.causal && input.prefix <= 1;
  pass.valid_NL = input.valid_NL;
  pass.visibility = pass_visibility(input, rows, tokens, context.past, device);
  if (rotary.dim > 0) pass.rotation = rotary.angles(position);

  if (!context.valid_T.defined() && input.valid_NL.defined()) context.valid_T = input.valid_NL.reshape({-1});
  if (input.valid_NL.defined()) {
    const Tensor valid_V = context.valid_T.nonzero().squeeze(1);
    if (valid_V.numel() < rows * tokens) pass.valid_V = valid_V;  // nothing to leave out otherwise
  }
  if (!context.sequence_T.defined()) {
    context.sequence_T = at::arange(rows, at::dtype(at::kLong).device(device)).repeat_interleave(tokens);
  }
  if (!context.position_T.defined()) {
    context.position_T = (position.dim() == 3 ? position[0] : position).reshape({-1});
  }
  Tensor x = x_NLD;
  for (size_t i = 0; i < layers.size(); ++i) {
    x = layers[i]->forward(x, pass, context);
    if (i < input.after_layer.size() && input.after_layer[i].defined()) x = x + input.after_layer[i];
    if (input.layer_outputs) input.layer_outputs->push_back(x);
  }
  if (context.past) context.past->advance(rows, tokens, input.valid_NL, device);
  return norm ? norm->forward(x) : x;
}

void Transformer::visit(Visitor& v) {
  v.children("layers", layers);
  v.child("norm", norm);
}

Ptr<Transformer> make_transformer(const Json& config, Site first_site, const std::string& path) {
  ConfigObject c(config, path);
  auto stack = std::make_shared<Transformer>();
  stack->width = c.need_integer("width");
  const auto layers = c.need_integer("layers");
  require<UsageError>(layers <= kMostLayers, "{} = {}: at most {} are built", c.name("layers"), layers,
                      kMostLayers);
  const auto norm = c.one_of("norm", {"rms_norm", "zero_centred_rms_norm", "layer_norm"});
  const auto eps = c.get("eps", 1e-6);
  const auto kind = c.one_of("attention", {"heads", "latent"});
  AttentionShape shape;
  LatentShape latent;
  if (kind == "latent")
    latent = LatentShape::read(c, stack->width);
  else
    shape = AttentionShape::read(c, stack->width, eps);
  if (norm == "zero_centred_rms_norm") shape.norm_centre = 1;
  const auto std = InitStd::for_depth(layers, c.get("init_std", 0.02));
  const auto routed = read_layers(c, "moe", layers), recurrent = read_layers(c, "delta", layers);
  DeltaNetShape delta;
  if (std::count(recurrent.begin(), recurrent.end(), true) > 0)
    delta = DeltaNetShape::read(c.part("delta"), c.name("delta"), stack->width, eps);
  else
    c.part("delta");
  // "rope": false stands for no rotary positions.
  const Json& rope = c.part("rope");
  if (!rope.is_boolean() || rope.get<bool>()) {
    stack->rotary = read_rotary(rope.is_boolean() ? Json::object() : rope,
                                kind == "latent" ? latent.rope : shape.head_dim, c.name("rope"));
  }
  stack->window = c.get_integer("window", 0);
  const bool parallel = c.get("parallel", false);
  const bool last_norm = c.get("last_norm", true);
  const double dropout = c.get("dropout", 0.0);
  require<UsageError>(dropout >= 0 && dropout < 1, "{} = {}: must be in [0, 1)", c.name("dropout"), dropout);
  const Json &ffn = c.part("ffn"), &moe = c.part("moe");
  c.finish();

  Site site = first_site;
  for (int64_t i = 0; i < layers; ++i) {
    auto block = std::make_shared<TransformerBlock>();
    block->dropout = dropout;
    block->input_layernorm = make_norm(norm, stack->width, eps);
    if (recurrent[static_cast<size_t>(i)])
      block->self_attn = std::make_shared<GatedDeltaNet>(delta, i, std);
    else if (kind == "latent")
      block->self_attn = std::make_shared<LatentAttention>(latent, i, std);
    else
      block->self_attn = std::make_shared<Attention>(shape, i, std);
    if (!parallel) block->post_attention_layernorm = make_norm(norm, stack->width, eps);
    if (routed[static_cast<size_t>(i)]) {
      block->moe = make_layer(moe, stack->width, site++);
    } else {
      block->ffn = make_ffn(ffn, stack->width, std, c.name("ffn"));
    }
    stack->layers.push_back(block);
  }
  if (last_norm) stack->norm = make_norm(norm, stack->width, eps);
  return stack;
}

}  // namespace conclave
