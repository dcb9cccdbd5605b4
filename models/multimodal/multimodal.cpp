#include "models/multimodal/multimodal.h"

#include <ATen/ATen.h>

#include "framework/base/error.h"
#include "models/multimodal/picture_readers.h"

namespace conclave {

Reading Multimodal::read(const Inputs& inputs) const {
  // Placeholders may be no words; what stands there is replaced.
  const Tensor words_NLD = text->embed_tokens.forward(
      pictures ? inputs.ids_NL.clamp(0, text->embed_tokens.count() - 1) : inputs.ids_NL);
  if (pictures) return pictures->read(inputs, words_NLD);
  require(inputs.pictures.empty(), "[multimodal] this model reads no pictures");
  Reading reading;
  reading.x_NLD = words_NLD;
  reading.valid_NL = inputs.valid_NL;
  reading.labels_NL = inputs.labels_NL;
  reading.position = inputs.position;
  return reading;
}

Tensor Multimodal::forward(const Reading& reading, PassInput input, TokenContext context) const {
  input.valid_NL = reading.valid_NL;
  input.position = reading.position;
  input.after_layer = reading.after_layer;
  context.modality_T = reading.modality_T;
  return text->forward(reading.x_NLD, input, context);
}

Prompt Multimodal::prompt(const Inputs& inputs) const {
  const Reading reading = read(inputs);
  const int64_t rows = reading.x_NLD.size(0), tokens = reading.x_NLD.size(1);
  Prompt prompt{text->new_state(), {}, {}};
  prompt.state.adapter_N = inputs.adapter_N;
  TokenContext context;
  context.phase = Phase::prefill;
  context.past = &prompt.state;
  const Tensor features_NLD = forward(reading, {}, context);
  if (reading.next_N.defined()) prompt.state.seen_N = reading.next_N;
  const Tensor place = at::arange(tokens, at::kLong);
  const Tensor last_N = reading.valid_NL.defined() ? (place * reading.valid_NL.to(at::kLong)).amax(1)
                                                   : at::full({rows}, tokens - 1, at::kLong);
  prompt.logits_NV =
      text->logits(features_NLD.gather(1, last_N.view({rows, 1, 1}).expand({rows, 1, features_NLD.size(2)})))
          .squeeze(1);
  return prompt;
}

void Multimodal::visit(Visitor& v) {
  text->visit(v);
  if (pictures) pictures->visit(v);
}

Ptr<Multimodal> make_multimodal(const Json& config) {
  auto model = std::make_shared<Multimodal>();
  model->text = make_causal_lm(config);
  if (config.contains("pictures")) model->pictures = make_picture_reader(config["pictures"], *model->text);
  return model;
}

}  // namespace conclave
