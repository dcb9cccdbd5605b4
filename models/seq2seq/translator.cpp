#include "models/seq2seq/translator.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <cmath>

#include "framework/base/config_object.h"

namespace conclave {
namespace {

// The decoder of one text that was read.
struct Bound : LanguageModel {
  const Translator& model;
  Memory memory;

  Bound(const Translator& model, Memory memory) : model(model), memory(std::move(memory)) {}
  Tensor step(const Tensor& ids_NL, const Tensor&, DecodeState& state) override {
    TokenContext context;
    context.phase = Phase::decode;
    context.past = &state;
    return model.decoder->forward(model.embed(ids_NL, state.seen_N), memory, context);
  }
  Tensor logits(const Tensor& features) override { return model.logits(features); }
};

}  // namespace

Tensor Translator::embed(const Tensor& ids_NL, const Tensor& before_N) const {
  const Tensor valid_NL = ids_NL != pad;
  Tensor place_NL = valid_NL.to(at::kLong).cumsum(1);
  if (before_N.defined()) place_NL = place_NL + before_N.unsqueeze(1);
  const Tensor x_NLD = shared.forward(ids_NL) * scale;
  const Tensor position_NLD = sinusoids(place_NL + pad, shared.width()) * valid_NL.unsqueeze(2);
  return x_NLD + position_NLD.to(x_NLD.scalar_type());
}

Tensor Translator::encode(const Tensor& ids_NM, const Tensor& valid_NM, TokenContext context,
                          std::vector<Tensor>* layers) const {
  PassInput input;
  input.valid_NL = valid_NM;
  input.causal = false;
  input.layer_outputs = layers;
  return encoder->forward(embed(ids_NM), input, context);
}

Tensor Translator::logits(const Tensor& features) const {
  return at::linear(features, shared.weight).to(at::kFloat);
}

void Translator::visit(Visitor& v) {
  v.child("model.shared", shared);
  v.child("model.encoder", encoder);
  v.child("model.decoder", decoder);
}

Ptr<Translator> make_translator(const Json& config) {
  ConfigObject c(config, "");
  auto model = std::make_shared<Translator>();
  const auto vocabulary = c.need_integer("vocabulary");
  model->encoder = make_transformer(c.part("encoder"), 0, "encoder");
  Site sites = 0;
  for (const auto& block : model->encoder->layers) sites += block->moe != nullptr;
  model->decoder = make_cross_decoder(c.part("decoder"), sites, "decoder");
  const int64_t width = model->encoder->width;
  require<UsageError>(model->decoder->width == width, "decoder.width = {}: must be the encoder's {}",
                      model->decoder->width, width);
  model->shared = Embedding(vocabulary, width);
  model->pad = c.get_integer("pad", 1);
  model->start = c.get_integer("start", 2);
  if (c.get("scale", false)) model->scale = std::sqrt(static_cast<double>(width));
  return model;
}

std::vector<Generated> translate(const Translator& model, const Tensor& ids_NM, const Tensor& valid_NM,
                                 int64_t forced, const GenerateOptions& options) {
  const at::NoGradGuard no_grad;
  std::vector<Generated> made;
  for (int64_t row = 0; row < ids_NM.size(0); ++row) {
    const Tensor ids = ids_NM.narrow(0, row, 1);
    const Tensor valid = valid_NM.defined() ? valid_NM.narrow(0, row, 1).to(at::kBool) : Tensor();
    Bound bound(model, model.decoder->remember(model.encode(ids, valid, {}), valid));
    DecodeState state = model.decoder->new_state();
    // As the original decodes: token by token, so that none competes with another.
    bound.step(at::full({1, 1}, model.start, at::kLong), {}, state);
    const Prompt prompt = read_prompt(bound, at::full({1, 1}, forced, at::kLong), {}, std::move(state));
    made.push_back(generate(bound, prompt, options).front());
  }
  return made;
}

}  // namespace conclave
