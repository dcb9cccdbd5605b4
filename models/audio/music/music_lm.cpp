#include "models/audio/music/music_lm.h"

#include <ATen/ATen.h>
#include <fmt/ranges.h>

#include <limits>

#include "framework/base/config_object.h"
#include "framework/nn/ffn.h"
#include "framework/nn/norm.h"

namespace conclave {
namespace {

constexpr double kMarkStd = 0.2;
constexpr int64_t kMostCounted = 12;  // larger chords share an embedding

Tensor thin(const Tensor& x, double dropout, const TokenContext& context) {
  return dropout > 0 && context.training() ? at::dropout(x, dropout, true) : x;
}

}  // namespace

Tensor VoiceBlock::forward(const Tensor& x_TD, const TokenContext& context) const {
  const Tensor normed_TD = norm->forward(x_TD);
  const Tensor y_TD = moe ? moe->forward(normed_TD, context) : ffn->forward(normed_TD, context);
  return x_TD + thin(y_TD, dropout, context);
}

void VoiceBlock::visit(Visitor& v) {
  v.child("norm", norm);
  v.child("mlp", ffn);
  v.child("mlp", moe);
}

int64_t MusicLm::style(const std::string& name) const {
  for (size_t i = 0; i < styles.size(); ++i)
    if (styles[i] == name) return static_cast<int64_t>(i);
  throw UsageError(fmt::format("the model knows no style '{}' (it knows {})", name, fmt::join(styles, ", ")));
}

Tensor MusicLm::embed(const NoteBatch& batch) const {
  const int64_t count = batch.tokens_BTN.size(2), frames_in = batch.pieces() * batch.frames();
  const Tensor tokens_FN = batch.tokens_BTN.view({frames_in, count});
  const Tensor note_FN = tokens_FN.lt(kEndToken);
  const Tensor notes_F = note_FN.sum(1);
  const Tensor place_N = at::arange(count, at::kLong).clamp_max(ranks - 1);
  const Tensor by_place_FN = tokens_FN + place_N * kNoteTokens;
  // The lowest note once more, in its own table.
  const Tensor bass_F = tokens_FN.gather(1, (notes_F - 1).clamp_min(0).unsqueeze(1)).squeeze(1);
  const Tensor frame_F = at::arange(frames_in, at::kLong);
  const Tensor row_FN = frame_F.unsqueeze(1).expand_as(tokens_FN), some_F = notes_F.gt(0);
  const Tensor ids =
      at::cat({by_place_FN.masked_select(note_FN), bass_F.masked_select(some_F) + ranks * kNoteTokens});
  const Tensor rows = at::cat({row_FN.masked_select(note_FN), frame_F.masked_select(some_F)});
  const Tensor sum_FD = size.forward(notes_F.clamp_max(kMostCounted)).index_add(0, rows, heard.forward(ids));
  return sum_FD.view({batch.pieces(), batch.frames(), width()});
}

Tensor MusicLm::read(const NoteBatch& batch, const Tensor& style_B, const TokenContext& context) const {
  const Tensor heard_BTD = embed(batch);
  const int64_t length = heard_BTD.size(1);
  const Tensor begin_B1D = begin_SD.index_select(0, style_B).unsqueeze(1);
  Tensor x_BTD = begin_B1D;
  if (length > 1) {
    const Tensor now = heard_BTD.narrow(1, 0, length - 1);
    const Tensor before = at::constant_pad_nd(now.narrow(1, 0, length - 2), {0, 0, 1, 0});
    x_BTD = at::cat({begin_B1D, join.forward(at::cat({now, before}, 2))}, 1);
  }
  PassInput input;
  input.valid_NL = batch.valid_BT;
  if (batch.valid_BT.all().item<bool>()) input.valid_NL = Tensor();
  return frames->forward(thin(x_BTD, dropout, context), input, context);
}

Tensor MusicLm::read_on(const Tensor& heard_BD, const Tensor& before_BD, const Tensor& style_B,
                        DecodeState& state, const TokenContext& asked) const {
  Tensor x_BD = begin_SD.index_select(0, style_B);
  if (heard_BD.defined())
    x_BD = join.forward(at::cat({heard_BD, before_BD.defined() ? before_BD : at::zeros_like(heard_BD)}, 1));
  TokenContext context = asked;
  context.past = &state;
  return frames->forward(x_BD.unsqueeze(1), {}, context).squeeze(1);
}

Tensor MusicLm::spell(const Tensor& x_MD, const Tensor& previous_M, const TokenContext& context) const {
  Tensor x = thin(x_MD, dropout, context);
  for (const auto& block : voices) x = block->forward(x, context);
  const Tensor logits_MK = head.forward(norm->forward(x)).to(at::kFloat);
  const Tensor token_K = at::arange(kEndToken + 1, at::kLong);
  const Tensor lower_MK = token_K.lt(previous_M.unsqueeze(1)).logical_or(token_K.eq(kEndToken));
  return at::log_softmax(
      logits_MK.masked_fill(lower_MK.logical_not(), -std::numeric_limits<float>::infinity()), 1);
}

Tensor MusicLm::chord_nll(const Tensor& features_BTD, const NoteBatch& batch, TokenContext context) const {
  const int64_t count = batch.tokens_BTN.size(2), frames_in = batch.pieces() * batch.frames();
  const Tensor tokens_FN = batch.tokens_BTN.view({frames_in, count});
  const Tensor asked_FN = tokens_FN.ne(kPadToken);
  Tensor x_FND = features_BTD.reshape({frames_in, 1, -1}) +
                 place_RD.index_select(0, at::arange(count, at::kLong).clamp_max(ranks));
  Tensor previous_FN = at::full({frames_in, 1}, kEndToken, at::kLong);
  if (count > 1) {
    const Tensor read_FN = tokens_FN.narrow(1, 0, count - 1);
    const Tensor so_far = above.forward(read_FN).cumsum(1) + last.forward(read_FN);
    x_FND = x_FND + at::constant_pad_nd(so_far, {0, 0, 1, 0});
    previous_FN = at::cat({previous_FN, read_FN}, 1);
  }
  const Tensor chosen_M = asked_FN.view({-1}).nonzero().squeeze(1);
  context.modality_T = Tensor();
  context.position_T =
      at::arange(count, at::kLong).expand({frames_in, count}).reshape({-1}).index_select(0, chosen_M);
  context.sequence_T = chosen_M.div(count, "floor");  // a chord is a sequence of notes
  const Tensor log_prob_MK = spell(x_FND.view({frames_in * count, -1}).index_select(0, chosen_M),
                                   previous_FN.reshape({-1}).index_select(0, chosen_M), context);
  const Tensor target_M = tokens_FN.reshape({-1}).index_select(0, chosen_M);
  const Tensor nll_M = -log_prob_MK.gather(1, target_M.unsqueeze(1)).squeeze(1);
  return at::zeros({frames_in}, nll_M.options())
      .index_add(0, chosen_M.div(count, "floor"), nll_M)
      .view({batch.pieces(), batch.frames()});
}

Tensor MusicLm::next_note(const Tensor& features_BD, const Tensor& spelled_BN,
                          const TokenContext& asked) const {
  const int64_t rows = features_BD.size(0), count = spelled_BN.size(1);
  Tensor x_BD = features_BD + place_RD[std::min(count, ranks)];
  Tensor previous_B = at::full({rows}, kEndToken, at::kLong);
  if (count > 0) {
    previous_B = spelled_BN.select(1, count - 1);
    x_BD = x_BD + above.forward(spelled_BN).sum(1) + last.forward(previous_B);
  }
  TokenContext context = asked;
  context.position_T = at::full({rows}, count, at::kLong);
  context.sequence_T = at::arange(rows, at::kLong);
  return spell(x_BD, previous_B, context);
}

Tensor MusicLm::independent_logits(const Tensor& features_BTD) const {
  return independent.forward(features_BTD).to(at::kFloat);
}

Tensor MusicLm::independent_nll(const Tensor& features_BTD, const NoteBatch& batch) const {
  const Tensor loss_BTK = at::binary_cross_entropy_with_logits(
      independent_logits(features_BTD), sounding_keys(batch), {}, {}, at::Reduction::None);
  return loss_BTK.sum(2) * batch.valid_BT;
}

void MusicLm::visit(Visitor& v) {
  v.child("heard", heard);
  v.child("size", size);
  v.child("join", join);
  v("begin", begin_SD);
  v.child("frames", frames);
  v.child("above", above);
  v.child("last", last);
  v("place", place_RD);
  v.children("voices", voices);
  v.child("norm", norm);
  v.child("head", head);
  v.child("independent", independent);
}

Ptr<MusicLm> make_music_lm(const Json& config) {
  ConfigObject c(config, "config");
  const auto names = c.need<std::vector<std::string>>("architectures");
  require<UsageError>(names == std::vector<std::string>{"ConclaveMusic"},
                      "{} = {}: must be [\"ConclaveMusic\"]", c.name("architectures"), Json(names).dump());
  auto model = std::make_shared<MusicLm>();
  model->config = config;
  model->styles = c.need<std::vector<std::string>>("styles");
  require<UsageError>(!model->styles.empty(), "{} is empty", c.name("styles"));
  c.need_integer("frames_per_beat");
  model->ranks = c.get_integer("ranks", 5, 1);
  model->dropout = c.get("dropout", 0.0);
  require<UsageError>(model->dropout >= 0 && model->dropout < 1, "{} = {}: must be in [0, 1)",
                      c.name("dropout"), model->dropout);
  Json frames = c.part("frames");
  const Json voices = c.part("voices");
  c.finish();

  frames["dropout"] = model->dropout;
  model->frames = make_transformer(frames, 0, "config.frames");
  const int64_t width = model->width();
  Site site = 0;
  for (const auto& block : model->frames->layers) site += block->moe ? 1 : 0;

  ConfigObject v(voices, "config.voices");
  const auto layers = v.get_integer("layers", 1, 1);
  const Json &ffn = v.part("ffn"), &moe = v.part("moe");
  const bool routed = v.has("moe");
  v.finish();
  for (int64_t i = 0; i < layers; ++i) {
    auto block = std::make_shared<VoiceBlock>();
    block->norm = make_norm("rms_norm", width, 1e-6);
    block->dropout = model->dropout;
    if (routed)
      block->moe = make_layer(moe, width, site++);
    else
      block->ffn = make_ffn(ffn, width, {}, "config.voices.ffn");
    model->voices.push_back(block);
  }
  model->heard = Embedding((model->ranks + 1) * kNoteTokens, width, kMarkStd);
  model->size = Embedding(kMostCounted + 1, width, kMarkStd);
  model->join = Linear(2 * width, width);
  model->begin_SD = at::empty({static_cast<int64_t>(model->styles.size()), width}).normal_(0, kMarkStd);
  model->above = Embedding(kNoteTokens, width, kMarkStd);
  model->last = Embedding(kNoteTokens, width, kMarkStd);
  model->place_RD = at::empty({model->ranks + 1, width}).normal_(0, kMarkStd);
  model->norm = make_norm("rms_norm", width, 1e-6);
  model->head = Linear(width, kEndToken + 1);
  model->independent = Linear(width, kPianoKeys);
  return model;
}

}  // namespace conclave
