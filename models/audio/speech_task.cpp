#include "models/audio/speech_task.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>

#include "framework/base/config_object.h"
#include "framework/base/error.h"
#include "framework/moe/routing_log.h"
#include "framework/nn/labels.h"

namespace conclave {
namespace {

constexpr int64_t kBatch = 16;  // of an evaluation

}  // namespace

SpeechLearning parse_speech_learning(const Json& config, double dropped) {
  ConfigObject c(config, "task");
  SpeechLearning learning{dropped, c.get("corrupted", 0.0)};
  c.finish();
  require<UsageError>(learning.corrupted >= 0 && learning.corrupted < 1, "{} = {}: must be from 0 to below 1",
                      c.name("corrupted"), learning.corrupted);
  return learning;
}

SpeechTask::SpeechTask(Ptr<SpeechModel> model, std::vector<SpokenWord> words,
                       std::vector<SpokenWord> held_out, Ptr<Loss> balance, const SpeechLearning& learning)
    : model_(std::move(model)),
      words_(std::move(words)),
      held_out_(std::move(held_out)),
      of_speaker_(model_->speakers.size()),
      balance_(std::move(balance)),
      learning_(learning) {
  require<UsageError>(!words_.empty(), "[speech] no recordings to train on");
  for (size_t i = 0; i < words_.size(); ++i) of_speaker_[static_cast<size_t>(words_[i].speaker)].push_back(i);
  set_trainable(*model_, true);
}

SpeechTask::Row SpeechTask::row(const SpokenWord& spoken, bool named, bool sampled, Random& random) const {
  const auto take = [&](const SpokenWord& from) { return &from.takes[random.below(from.takes.size())]; };
  Row row{spoken.said, named ? spoken.speaker : -1, {}, take(spoken)};
  const auto& same = of_speaker_[static_cast<size_t>(spoken.speaker)];
  if (!sampled || same.empty()) return row;
  const Tensor voice_FK = take(words_[same[random.below(same.size())]])->codes_FK;
  const auto most = static_cast<int64_t>(random.below(static_cast<uint64_t>(kMostSample - kLeastSample) + 1) +
                                         static_cast<uint64_t>(kLeastSample));
  row.sample_FK = voice_FK.slice(0, 0, most);
  return row;
}

Tensor SpeechTask::corrupt(const Tensor& steps_SC, Random& random) const {
  if (learning_.corrupted == 0) return steps_SC;
  Tensor read_SC = steps_SC.clone();
  auto* code = read_SC.data_ptr<int64_t>();
  for (int64_t i = 0; i < read_SC.numel(); ++i)
    if (code[i] < model_->book_size && random.uniform() < learning_.corrupted)
      code[i] = static_cast<int64_t>(random.below(static_cast<uint64_t>(model_->book_size)));
  return read_SC;
}

SpeechTask::Losses SpeechTask::losses(const std::vector<Row>& rows, const TokenContext& context,
                                      Random* random) const {
  const auto& pattern = model_->lm->pattern;
  const int64_t books = model_->books();
  std::vector<std::vector<int64_t>> ids;
  std::vector<Tensor> codes, steps, cues;
  size_t longest = 0;
  for (const auto& row : rows) {
    ids.push_back(
        model_->prompt(row.words, row.speaker, row.sample_FK.defined() ? row.sample_FK.size(0) : 0));
    if (row.sample_FK.defined()) codes.push_back(row.sample_FK);
    steps.push_back(pattern.whole(row.take->codes_FK));
    if (model_->free_text()) {
      if (row.sample_FK.defined())
        cues.push_back(at::zeros({row.sample_FK.size(0), model_->lm->lm->text->model->width}));
      auto places = row.take->places;
      places.resize(static_cast<size_t>(steps.back().size(0)), {std::ssize(row.words), 0});
      cues.push_back(model_->cues->embed(row.words, places));
    }
    codes.push_back(random ? corrupt(steps.back(), *random) : steps.back());
    ids.back().insert(ids.back().end(), static_cast<size_t>(steps.back().size(0)), model_->frame());
    longest = std::max(longest, ids.back().size());
  }
  const auto count = static_cast<int64_t>(rows.size()), length = static_cast<int64_t>(longest);
  Inputs inputs;
  inputs.ids_NL = at::zeros({count, length}, at::kLong);
  inputs.valid_NL = at::zeros({count, length}, at::kBool);
  Tensor labels_NLC = at::full({count, length, books}, kNoLabel, at::kLong);
  Tensor last_NL = at::zeros({count, length}), asked_NL = at::zeros({count, length}, at::kBool);
  for (int64_t n = 0; n < count; ++n) {
    const auto& row_ids = ids[static_cast<size_t>(n)];
    const auto used = static_cast<int64_t>(row_ids.size());
    inputs.ids_NL[n].narrow(0, 0, used).copy_(at::tensor(row_ids, at::kLong));
    inputs.valid_NL[n].narrow(0, 0, used).fill_(true);
    // Asked are codes, and of words the first codebook's end: a phone has an end of its own.
    const Tensor& step_SC = steps[static_cast<size_t>(n)];
    const int64_t begin = used - step_SC.size(0),
                  last_code = model_->free_text() ? pattern.eos - 1 : pattern.eos;
    Tensor wanted_SC = step_SC.masked_fill(step_SC >= model_->book_size, kNoLabel);
    wanted_SC.select(1, 0).copy_(
        step_SC.select(1, 0).masked_fill(step_SC.select(1, 0) > last_code, kNoLabel));
    labels_NLC[n].narrow(0, begin, step_SC.size(0)).copy_(wanted_SC);
    const auto& row = rows[static_cast<size_t>(n)];
    if (!model_->free_text() || row.words.empty()) continue;
    const auto& places = row.take->places;
    std::vector<float> last(places.size(), 0);
    for (size_t i = 0; i < places.size(); ++i)
      last[i] = i + 1 == places.size() || places[i + 1].unit != places[i].unit;
    last_NL[n].narrow(0, begin, std::ssize(last)).copy_(at::tensor(last));
    asked_NL[n].narrow(0, begin, std::ssize(last)).fill_(true);
  }
  inputs.pictures["codec_input_ids"] = at::cat(codes);
  if (!cues.empty()) inputs.pictures["codec_cues"] = at::cat(cues);
  const Reading reading = model_->lm->lm->read(inputs);
  const Tensor features_NLD = model_->lm->lm->forward(reading, {}, context);
  Losses losses{AudioLm::codec_loss(model_->lm->codec_logits(features_NLD), labels_NLC), {}};
  if (model_->free_text() && asked_NL.any().item<bool>())
    losses.ends = at::binary_cross_entropy_with_logits(
        model_->cues->ends(features_NLD).masked_select(asked_NL), last_NL.masked_select(asked_NL));
  return losses;
}

StepLoss SpeechTask::loss(MicroBatch& batch) {
  std::vector<Row> rows;
  for (const int64_t item : batch.items) {
    const double way = batch.random.uniform();
    const auto& spoken = words_[static_cast<size_t>(item)];
    rows.push_back(row(spoken, way < 0.75, way >= 0.5, batch.random));
    if (learning_.dropped > 0 && batch.random.uniform() < learning_.dropped) rows.back().words.clear();
  }
  RoutingLog log;
  TokenContext context;
  context.phase = Phase::train;
  context.step = batch.step;
  context.log = &log;
  const auto [sum, ends] = losses(rows, context, &batch.random);
  StepLoss result;
  result.weight = static_cast<double>(rows.size());
  result.loss = sum;
  if (balance_) result.loss = result.loss + (*balance_)(log.records);
  if (ends.defined()) {
    result.loss = result.loss + ends;
    result.metrics["nll_ends"] = ends.item<double>();
  }
  result.metrics["nll"] = sum.item<double>() / static_cast<double>(model_->books());
  return result;
}

Metrics SpeechTask::held_out_nll(bool named, bool sampled) const {
  Metrics sums;
  Random random(0, "held out");
  for (size_t at = 0; at < held_out_.size(); at += kBatch) {
    std::vector<Row> rows;
    for (size_t i = at; i < std::min(held_out_.size(), at + kBatch); ++i)
      rows.push_back(row(held_out_[i], named, sampled, random));
    const auto [codes, ends] = losses(rows, {});
    const double share = static_cast<double>(rows.size()) / static_cast<double>(held_out_.size());
    sums["nll"] += codes.item<double>() * share / static_cast<double>(model_->books());
    if (ends.defined()) sums["nll_ends"] += ends.item<double>() * share;
  }
  return sums;
}

Metrics SpeechTask::evaluate() {
  if (held_out_.empty()) return {};
  Metrics told = held_out_nll(true, false);
  told["nll_voice"] = held_out_nll(false, true).at("nll");
  return told;
}

}  // namespace conclave
