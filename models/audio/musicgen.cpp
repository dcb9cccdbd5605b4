#include "models/audio/musicgen.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <cmath>

#include "framework/base/config_object.h"
#include "framework/nn/labels.h"

namespace conclave {
namespace {

constexpr int64_t kOpenCode = -1;  // to be predicted

}  // namespace

Tensor Musicgen::read(const Tensor& text_NM, const Tensor& valid_NM) const {
  Tensor x_NMD = text_encoder->forward(text_NM, valid_NM);
  if (enc_to_dec_proj.weight.defined()) x_NMD = enc_to_dec_proj.forward(x_NMD);
  return valid_NM.defined() ? x_NMD * valid_NM.to(x_NMD.scalar_type()).unsqueeze(2) : x_NMD;
}

Tensor Musicgen::embed(const Tensor& codes_NCL, int64_t before) const {
  Tensor sum;
  for (int64_t c = 0; c < channels(); ++c) {
    const Tensor one = embed_tokens[static_cast<size_t>(c)]->forward(codes_NCL.select(1, c));
    sum = sum.defined() ? sum + one : one;
  }
  const Tensor position = at::arange(before, before + codes_NCL.size(2), at::kLong);
  return sum * scale + sinusoids(position, decoder->width, /*cosines_first=*/true).to(sum.scalar_type());
}

Tensor Musicgen::logits(const Tensor& features_NLD) const {
  std::vector<Tensor> all;
  for (const auto& head : lm_heads) all.push_back(head->forward(features_NLD).to(at::kFloat));
  return at::stack(all, 1);
}

Tensor Musicgen::loss(const Tensor& logits_NCLV, const Tensor& labels_NLC) const {
  const Tensor asked = labels_NLC.masked_fill(labels_NLC == pad(), kNoLabel);
  Tensor sum = at::zeros({});
  for (int64_t c = 0; c < channels(); ++c)
    sum = sum + at::cross_entropy_loss(logits_NCLV.select(1, c).flatten(0, 1),
                                       asked.select(2, c).reshape({-1}), {}, at::Reduction::Mean, kNoLabel);
  return sum / static_cast<double>(channels());
}

void Musicgen::visit(Visitor& v) {
  v.child("text_encoder", text_encoder);
  v.child("enc_to_dec_proj", enc_to_dec_proj);
  v.child("audio_encoder", audio_encoder);
  v.children("embed_tokens", embed_tokens);
  v.child("decoder", decoder);
  v.children("lm_heads", lm_heads);
}

Ptr<Musicgen> make_musicgen(const Json& config) {
  ConfigObject c(config, "");
  auto model = std::make_shared<Musicgen>();
  model->text_encoder = make_t5_encoder(c.part("text"), "text");
  model->audio_encoder = make_codec(c.part("codec"));
  model->decoder = make_cross_decoder(c.part("decoder"), 0, "decoder");
  const auto channels = c.need_integer("channels"), vocabulary = c.need_integer("vocabulary");
  const int64_t width = model->decoder->width, text = model->text_encoder->shared.width();
  if (c.get("scale", false)) model->scale = std::sqrt(static_cast<double>(width));
  require<UsageError>(
      channels <= model->audio_encoder->books && vocabulary <= model->audio_encoder->book_size,
      "channels = {}, vocabulary = {}: the codec has {} codebooks of {}", channels, vocabulary,
      model->audio_encoder->books, model->audio_encoder->book_size);
  if (text != width) model->enc_to_dec_proj = Linear(text, width);
  for (int64_t i = 0; i < channels; ++i) {
    model->embed_tokens.push_back(std::make_shared<Embedding>(vocabulary + 1, width));
    model->lm_heads.push_back(std::make_shared<Linear>(width, vocabulary, false));
  }
  return model;
}

Tensor music_pattern(const Tensor& codes_NCL, int64_t steps, int64_t pad) {
  const int64_t channels = codes_NCL.size(1), given = codes_NCL.size(2);
  Tensor pattern = at::full({codes_NCL.size(0), channels, steps}, kOpenCode, at::kLong);
  if (steps < 2 * channels - 1) return pattern;
  for (int64_t c = 0; c < channels; ++c) {
    Tensor row = pattern.select(1, c);
    const int64_t count = std::min(given, steps - c);
    row.narrow(1, c, count).copy_(codes_NCL.select(1, c).narrow(1, 0, count));
    row.narrow(1, 0, c + 1).fill_(pad);
    const int64_t behind = channels - 1 - c;
    row.narrow(1, steps - behind, behind).fill_(pad);
  }
  return pattern;
}

Tensor generate_music(const Musicgen& model, const Tensor& text_NM, const Tensor& valid_NM, int64_t steps,
                      double guidance) {
  const at::NoGradGuard no_grad;
  const int64_t rows = text_NM.size(0), channels = model.channels();
  require<UsageError>(steps >= 2 * channels,
                      "[music] {} steps for {} codebooks: must be at least twice as many", steps, channels);
  const Tensor start = at::full({rows, channels, 1}, model.pad(), at::kLong);
  const Tensor pattern = music_pattern(start, steps, model.pad());
  // With the text, then without: an empty memory.
  const Tensor valid = valid_NM.defined() ? valid_NM.to(at::kBool) : at::ones_like(text_NM, at::kBool);
  const Tensor read = model.read(text_NM, valid);
  const bool guided = guidance > 1;
  const Memory memory = guided ? model.decoder->remember(at::cat({read, at::zeros_like(read)}),
                                                         at::cat({valid, at::zeros_like(valid)}))
                               : model.decoder->remember(read, valid);
  DecodeState state = model.decoder->new_state();
  TokenContext context;
  context.phase = Phase::decode;
  context.past = &state;
  Tensor codes = start;
  for (int64_t step = 1; step < steps; ++step) {
    const Tensor last = codes.narrow(2, step - 1, 1);
    const Tensor x = model.embed(guided ? at::cat({last, last}) : last, step - 1);
    Tensor logits = model.logits(model.decoder->forward(x, memory, context)).select(2, 0);
    if (guided) {
      const Tensor with = logits.narrow(0, 0, rows), without = logits.narrow(0, rows, rows);
      logits = without + guidance * (with - without);
    }
    const Tensor fixed = pattern.select(2, step);
    codes = at::cat({codes, at::where(fixed == kOpenCode, logits.argmax(-1), fixed).unsqueeze(2)}, 2);
  }
  // Every codebook has as many open places.
  return codes.masked_select(pattern == kOpenCode).view({rows, channels, -1});
}

}  // namespace conclave
