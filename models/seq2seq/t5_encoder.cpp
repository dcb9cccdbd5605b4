#include "models/seq2seq/t5_encoder.h"

#include <ATen/ATen.h>

#include <cmath>
#include <limits>

#include "framework/base/config_object.h"

namespace conclave {

void T5Layer::visit(Visitor& visitor) {
  visitor.child("q", q);
  visitor.child("k", k);
  visitor.child("v", v);
  visitor.child("o", o);
  visitor.child("attention_norm", attention_norm);
  visitor.child("ffn", ffn);
  visitor.child("ffn_norm", ffn_norm);
}

Tensor relative_bucket(const Tensor& relative, int64_t buckets, int64_t farthest) {
  const int64_t side = buckets / 2, exact = side / 2;
  const Tensor far = relative.abs();
  const double span = std::log(static_cast<double>(farthest) / static_cast<double>(exact));
  const Tensor wide = exact + ((far.to(at::kFloat) / static_cast<double>(exact)).log() / span *
                               static_cast<double>(side - exact))
                                  .to(at::kLong);
  return at::where(relative > 0, side, 0) + at::where(far < exact, far, wide.clamp_max(side - 1));
}

Tensor T5Encoder::bias_HLL(int64_t tokens) const {
  const Tensor place = at::arange(tokens, at::kLong);
  const Tensor relative_LL = place.unsqueeze(0) - place.unsqueeze(1);
  return relative_bias.forward(relative_bucket(relative_LL, relative_bias.count(), farthest))
      .permute({2, 0, 1});
}

Tensor T5Encoder::forward(const Tensor& ids_NL, const Tensor& valid_NL) const {
  const int64_t rows = ids_NL.size(0), tokens = ids_NL.size(1);
  Tensor bias_NHLL = bias_HLL(tokens).unsqueeze(0);
  if (valid_NL.defined())
    bias_NHLL = bias_NHLL.masked_fill(valid_NL.to(at::kBool).logical_not().view({rows, 1, 1, tokens}),
                                      std::numeric_limits<float>::lowest());
  const auto by_head = [&](const Tensor& x) { return x.unflatten(2, {heads, -1}).transpose(1, 2); };
  Tensor x = shared.forward(ids_NL);
  for (const auto& layer : layers) {
    const Tensor normed = layer->attention_norm->forward(x);
    // Without a scale of the scores: it is in the weights.
    const Tensor scores =
        at::matmul(by_head(layer->q.forward(normed)), by_head(layer->k.forward(normed)).transpose(2, 3)) +
        bias_NHLL;
    const Tensor y =
        at::matmul(scores.to(at::kFloat).softmax(-1).to(x.scalar_type()), by_head(layer->v.forward(normed)));
    x = x + layer->o.forward(y.transpose(1, 2).flatten(2));
    x = x + layer->ffn->forward(layer->ffn_norm->forward(x), {});
  }
  return norm->forward(x);
}

void T5Encoder::visit(Visitor& v) {
  v.child("shared", shared);
  v.child("relative_bias", relative_bias);
  v.children("layers", layers);
  v.child("norm", norm);
}

Ptr<T5Encoder> make_t5_encoder(const Json& config, const std::string& path) {
  ConfigObject c(config, path);
  auto encoder = std::make_shared<T5Encoder>();
  const auto width = c.need_integer("width"), layers = c.need_integer("layers");
  encoder->heads = c.need_integer("heads");
  const auto inner = encoder->heads * c.need_integer("head_dim");
  const double eps = c.get("eps", 1e-6);
  const Json ffn = {{"kind", c.get("gated", false) ? "gated_ffn" : "plain_ffn"},
                    {"hidden", c.need_integer("hidden")},
                    {"activation", c.get<std::string>("activation", "relu")},
                    {"bias", false}};
  encoder->shared = Embedding(c.need_integer("vocabulary"), width);
  encoder->relative_bias = Embedding(c.get_integer("buckets", 32, 4), encoder->heads);
  encoder->farthest = c.get_integer("farthest", 128, 1);
  c.finish();
  require<UsageError>(encoder->farthest > encoder->relative_bias.count() / 4,
                      "{} = {}: must reach beyond the exact buckets", c.name("farthest"), encoder->farthest);
  for (int64_t i = 0; i < layers; ++i) {
    auto layer = std::make_shared<T5Layer>();
    for (Linear* part : {&layer->q, &layer->k, &layer->v}) *part = Linear(width, inner, false);
    layer->o = Linear(inner, width, false);
    layer->attention_norm = make_norm("rms_norm", width, eps);
    layer->ffn_norm = make_norm("rms_norm", width, eps);
    layer->ffn = make_ffn(ffn, width, {}, c.name("ffn"));
    encoder->layers.push_back(layer);
  }
  encoder->norm = make_norm("rms_norm", width, eps);
  return encoder;
}

}  // namespace conclave
