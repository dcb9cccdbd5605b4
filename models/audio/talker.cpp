#include "models/audio/talker.h"

#include <ATen/ATen.h>

#include "framework/base/config_object.h"
#include "models/multimodal/mrope.h"

namespace conclave {

Tensor TalkerProjection::forward(const Tensor& x) const {
  return fc2.forward(activate(activation, fc1.forward(x)));
}

void TalkerProjection::visit(Visitor& v) {
  v.child("linear_fc1", fc1);
  v.child("linear_fc2", fc2);
}

Reading ThinkerReader::read(const Inputs& inputs, const Tensor& words_NLD) const {
  const auto given = [&](const char* name) {
    const auto found = inputs.pictures.find(name);
    return found == inputs.pictures.end() ? Tensor() : found->second;
  };
  const Tensor embeds = given("thinker_embeds"), hidden = given("thinker_hidden");
  require(embeds.defined() && hidden.defined() && embeds.sizes() == hidden.sizes() &&
              embeds.sizes().slice(0, 2) == inputs.ids_NL.sizes(),
          "[talker] thinker_embeds and thinker_hidden must be [N,L,D] of the {} tokens",
          inputs.ids_NL.numel());
  Tensor seen_NL = at::zeros_like(inputs.ids_NL, at::kBool);
  for (const int64_t token : {image_token, video_token, audio_token})
    if (token >= 0) seen_NL = seen_NL.logical_or(inputs.ids_NL == token);
  Reading reading;
  reading.x_NLD =
      at::where(seen_NL.unsqueeze(2), hidden_projection.forward(hidden.to(words_NLD.scalar_type())),
                text_projection.forward(embeds.to(words_NLD.scalar_type())));
  reading.valid_NL = inputs.valid_NL;
  reading.labels_NL = inputs.labels_NL;
  const auto positions =
      mrope_positions(inputs.ids_NL, inputs.valid_NL, {given("image_grid_thw"), {}, image_token, -1, merge});
  reading.position = positions.position_3NL;
  reading.next_N = positions.next_N;
  return reading;
}

void ThinkerReader::visit(Visitor& v) {
  v.child("text_projection", text_projection);
  v.child("hidden_projection", hidden_projection);
}

void CodePredictor::visit(Visitor& v) {
  v.child("model", model);
  v.children("model.codec_embedding", codec_embedding);
  v.children("lm_head", lm_head);
}

Tensor Talker::embed(const Tensor& codes_MG) const {
  Tensor sum_MD = lm->text->embed_tokens.forward(codes_MG.select(1, 0));
  for (int64_t g = 1; g < codes_MG.size(1); ++g)
    sum_MD =
        sum_MD + code_predictor.codec_embedding[static_cast<size_t>(g - 1)]->forward(codes_MG.select(1, g));
  return sum_MD;
}

Tensor Talker::predicted(const Tensor& state_MD, const Tensor& codes_MG) const {
  std::vector<Tensor> read = {state_MD, lm->text->embed_tokens.forward(codes_MG.select(1, 0))};
  const int64_t books = code_predictor.books();
  require(codes_MG.dim() == 2 && codes_MG.size(1) > books, "[talker] frames must have {} codes", books + 1);
  for (int64_t g = 1; g < books; ++g)
    read.push_back(
        code_predictor.codec_embedding[static_cast<size_t>(g - 1)]->forward(codes_MG.select(1, g)));
  const Tensor features_MLD = code_predictor.model->forward(at::stack(read, 1), {}, {});
  std::vector<Tensor> logits;
  for (int64_t g = 0; g < books; ++g)
    logits.push_back(code_predictor.lm_head[static_cast<size_t>(g)]->forward(features_MLD.select(1, g + 1)));
  return at::stack(logits, 1).to(at::kFloat);
}

Tensor Talker::completed(const Tensor& state_MD, const Tensor& first_M) const {
  DecodeState state = code_predictor.model->new_state();
  TokenContext context;
  context.past = &state;
  context.phase = Phase::prefill;
  Tensor x_MLD = at::stack({state_MD, lm->text->embed_tokens.forward(first_M)}, 1);
  std::vector<Tensor> codes = {first_M};
  for (size_t g = 0; g < code_predictor.lm_head.size(); ++g) {
    const Tensor features_MLD = code_predictor.model->forward(x_MLD, {}, context);
    const Tensor last_MD = features_MLD.select(1, features_MLD.size(1) - 1);
    codes.push_back(code_predictor.lm_head[g]->forward(last_MD).argmax(-1));
    x_MLD = code_predictor.codec_embedding[g]->forward(codes.back()).unsqueeze(1);
    context.phase = Phase::decode;
  }
  return at::stack(codes, 1);
}

Tensor Talker::speak(const Inputs& inputs, const Tensor& trailing_NTD, const Tensor& pad_N1D,
                     int64_t frames) const {
  const Reading reading = lm->read(inputs);
  DecodeState state = lm->text->new_state();
  TokenContext context;
  context.past = &state;
  context.phase = Phase::prefill;
  Tensor features_NLD = lm->forward(reading, {}, context);
  state.seen_N = reading.next_N;
  context.phase = Phase::decode;
  std::vector<Tensor> made;
  for (int64_t t = 0; t < frames; ++t) {
    const Tensor last_ND = features_NLD.select(1, features_NLD.size(1) - 1);
    made.push_back(completed(last_ND, lm->text->logits(last_ND).argmax(-1)));
    const Tensor said_N1D = t < trailing_NTD.size(1) ? trailing_NTD.narrow(1, t, 1) : pad_N1D;
    if (t + 1 < frames)
      features_NLD = lm->text->forward(embed(made.back()).unsqueeze(1) + said_N1D, {}, context);
  }
  return at::stack(made, 1);
}

void Talker::visit(Visitor& v) {
  lm->visit(v);
  v.child("code_predictor", code_predictor);
}

Ptr<Talker> make_talker(const Json& config) {
  auto talker = std::make_shared<Talker>();
  talker->lm = make_multimodal(config);
  talker->thinker = std::make_shared<ThinkerReader>();
  talker->lm->pictures = talker->thinker;
  ConfigObject outside(config, "");
  ConfigObject c(outside.part("thinker"), "thinker");
  const int64_t own = talker->lm->text->model->width, thinker = c.need_integer("width"),
                hidden = c.need_integer("hidden");
  const auto activation = parse_activation(c.get("activation", std::string("silu")), "thinker.activation");
  for (auto* projection : {&talker->thinker->text_projection, &talker->thinker->hidden_projection}) {
    projection->fc1 = Linear(thinker, hidden);
    projection->fc2 = Linear(hidden, own);
    projection->activation = activation;
  }
  talker->thinker->image_token = c.get("image_token", int64_t{-1});
  talker->thinker->video_token = c.get("video_token", int64_t{-1});
  talker->thinker->audio_token = c.get("audio_token", int64_t{-1});
  talker->thinker->merge = c.get_integer("merge", 2, 1);
  c.finish();

  ConfigObject p(outside.part("predictor"), "predictor");
  auto& predictor = talker->code_predictor;
  predictor.model = make_transformer(p.part("text"), 0, "predictor.text");
  require<UsageError>(predictor.model->width == own, "predictor.text.width is {}, the talker's is {}",
                      predictor.model->width, own);
  const int64_t vocabulary = p.need_integer("vocabulary");
  for (int64_t g = 1; g < p.need_integer("groups", 2); ++g) {
    predictor.codec_embedding.push_back(std::make_shared<Embedding>(vocabulary, own));
    predictor.lm_head.push_back(std::make_shared<Linear>(own, vocabulary, false));
  }
  p.finish();
  return talker;
}

}  // namespace conclave
