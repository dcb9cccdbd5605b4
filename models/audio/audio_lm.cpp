#include "models/audio/audio_lm.h"

#include <ATen/ATen.h>

#include "framework/base/config_object.h"
#include "framework/nn/labels.h"

namespace conclave {

Tensor CodeReader::embed(const Tensor& codes) const {
  Tensor sum;
  for (size_t c = 0; c < codec_embed_tokens.size(); ++c) {
    const Tensor one = codec_embed_tokens[c]->forward(codes.select(-1, static_cast<int64_t>(c)));
    sum = sum.defined() ? sum + one : one;
  }
  return sum;
}

Reading CodeReader::read(const Inputs& inputs, const Tensor& words_NLD) const {
  Reading reading;
  reading.x_NLD = words_NLD;
  reading.valid_NL = inputs.valid_NL;
  reading.labels_NL = inputs.labels_NL;
  reading.position = inputs.position;
  const auto codes = inputs.pictures.find("codec_input_ids");
  const Tensor places_NL = inputs.ids_NL == placeholder;
  const auto places = places_NL.sum().item<int64_t>();
  const int64_t given = codes == inputs.pictures.end() ? 0 : codes->second.size(0);
  require(places == given, "[codes] {} placeholders for {} frames of codes", places, given);
  const auto as_number = [](Modality m) { return static_cast<int64_t>(m); };
  reading.modality_T = at::where(places_NL, at::scalar_tensor(as_number(Modality::audio), at::kLong),
                                 at::scalar_tensor(as_number(Modality::text), at::kLong))
                           .reshape({-1});
  if (given == 0) return reading;
  require(
      codes->second.dim() == 2 && codes->second.size(1) == static_cast<int64_t>(codec_embed_tokens.size()),
      "[codes] codes must be [M,{}]", codec_embed_tokens.size());
  Tensor embedded_MD = embed(codes->second);
  if (const auto cues = inputs.pictures.find("codec_cues"); cues != inputs.pictures.end())
    embedded_MD = embedded_MD + cues->second;
  const Tensor place_M = places_NL.reshape({-1}).nonzero().squeeze(1);
  reading.x_NLD = words_NLD.flatten(0, 1)
                      .index_copy(0, place_M, embedded_MD.to(words_NLD.scalar_type()))
                      .view(words_NLD.sizes());
  return reading;
}

void CodeReader::visit(Visitor& v) {
  v.children("codec_embed_tokens", codec_embed_tokens);
}

Tensor AudioLm::codec_logits(const Tensor& features_NLD) const {
  return codec_head.forward(features_NLD)
      .to(at::kFloat)
      .unflatten(-1, {pattern.channels(), codec_vocabulary});
}

Tensor AudioLm::codec_loss(const Tensor& logits_NLCV, const Tensor& labels_NLC) {
  const int64_t tokens = logits_NLCV.size(1);
  const Tensor logits = logits_NLCV.narrow(1, 0, tokens - 1), labels = labels_NLC.narrow(1, 1, tokens - 1);
  Tensor sum;
  for (int64_t c = 0; c < logits.size(2); ++c) {
    const Tensor asked = labels.select(2, c).reshape({-1});
    if (c > 0 && (asked != kNoLabel).sum().item<int64_t>() == 0) continue;
    const Tensor one =
        at::cross_entropy_loss(logits.select(2, c).flatten(0, 1), asked, {}, at::Reduction::Mean, kNoLabel);
    sum = sum.defined() ? sum + one : one;
  }
  return sum;
}

void AudioLm::visit(Visitor& v) {
  lm->visit(v);
  v.child("codec_head", codec_head);
}

Ptr<AudioLm> make_audio_lm(const Json& config) {
  auto model = std::make_shared<AudioLm>();
  model->lm = make_multimodal(config);
  ConfigObject outside(config, "");
  ConfigObject c(outside.part("codec"), "codec");
  const int64_t width = model->lm->text->model->width;
  const auto channels = c.need_integer("channels");
  model->codec_vocabulary = c.need_integer("vocabulary");
  model->codes = std::make_shared<CodeReader>();
  model->codes->placeholder = c.need<int64_t>("placeholder");
  auto& pattern = model->pattern;
  pattern.delay = c.need<std::vector<int64_t>>("delay");
  for (const int64_t late : pattern.delay)
    require<UsageError>(late >= 0 && late < 10000, "{}: delays must be from 0 to 9999", c.name("delay"));
  require<UsageError>(pattern.channels() == channels && channels <= 1024, "{}: {} delays for {} codebooks",
                      c.name("delay"), pattern.channels(), channels);
  for (const auto& [key, id] :
       {std::pair("bos", &pattern.bos), {"eos", &pattern.eos}, {"pad", &pattern.pad}}) {
    *id = c.need<int64_t>(key);
    require<UsageError>(*id >= 0 && *id < model->codec_vocabulary, "{} = {}: must be below the vocabulary {}",
                        c.name(key), *id, model->codec_vocabulary);
  }
  c.finish();
  for (int64_t i = 0; i < channels; ++i)
    model->codes->codec_embed_tokens.push_back(std::make_shared<Embedding>(model->codec_vocabulary, width));
  model->codec_head = Linear(width, channels * model->codec_vocabulary, false);
  model->lm->pictures = model->codes;
  return model;
}

}  // namespace conclave
