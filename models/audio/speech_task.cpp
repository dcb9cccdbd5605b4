#include "models/audio/speech_task.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>

#include "framework/base/error.h"
#include "framework/moe/routing_log.h"
#include "framework/nn/labels.h"

namespace conclave {
namespace {

constexpr int64_t kBatch = 16;  // of an evaluation

}  // namespace

SpeechTask::SpeechTask(Ptr<SpeechModel> model, std::vector<SpokenWord> words,
                       std::vector<SpokenWord> held_out, Ptr<Loss> balance, double dropped)
    : model_(std::move(model)),
      words_(std::move(words)),
      held_out_(std::move(held_out)),
      of_speaker_(model_->speakers.size()),
      balance_(std::move(balance)),
      dropped_(dropped) {
  require<UsageError>(!words_.empty(), "[speech] no recordings to train on");
  for (size_t i = 0; i < words_.size(); ++i) of_speaker_[static_cast<size_t>(words_[i].speaker)].push_back(i);
  set_trainable(*model_, true);
}

SpeechTask::Row SpeechTask::row(const SpokenWord& spoken, bool named, bool sampled, Random& random) const {
  const auto take = [&](const SpokenWord& from) { return from.takes_FK[random.below(from.takes_FK.size())]; };
  Row row{spoken.spellings.back(), named ? spoken.speaker : -1, {}, take(spoken)};
  const auto& same = of_speaker_[static_cast<size_t>(spoken.speaker)];
  if (!sampled || same.empty()) return row;
  const Tensor voice_FK = take(words_[same[random.below(same.size())]]);
  const auto most = static_cast<int64_t>(random.below(static_cast<uint64_t>(kMostSample - kLeastSample) + 1) +
                                         static_cast<uint64_t>(kLeastSample));
  row.sample_FK = voice_FK.slice(0, 0, most);
  return row;
}

Tensor SpeechTask::codes_loss(const std::vector<Row>& rows, const TokenContext& context) const {
  const auto& pattern = model_->lm->pattern;
  const int64_t books = model_->books();
  std::vector<std::vector<int64_t>> ids;
  std::vector<Tensor> codes, steps;
  size_t longest = 0;
  for (const auto& row : rows) {
    ids.push_back(
        model_->prompt(row.words, row.speaker, row.sample_FK.defined() ? row.sample_FK.size(0) : 0));
    if (row.sample_FK.defined()) codes.push_back(row.sample_FK);
    steps.push_back(pattern.whole(row.codes_FK));
    codes.push_back(steps.back());
    ids.back().insert(ids.back().end(), static_cast<size_t>(steps.back().size(0)), model_->frame());
    longest = std::max(longest, ids.back().size());
  }
  const auto count = static_cast<int64_t>(rows.size()), length = static_cast<int64_t>(longest);
  Inputs inputs;
  inputs.ids_NL = at::zeros({count, length}, at::kLong);
  inputs.valid_NL = at::zeros({count, length}, at::kBool);
  Tensor labels_NLC = at::full({count, length, books}, kNoLabel, at::kLong);
  for (int64_t n = 0; n < count; ++n) {
    const auto& row_ids = ids[static_cast<size_t>(n)];
    const auto used = static_cast<int64_t>(row_ids.size());
    inputs.ids_NL[n].narrow(0, 0, used).copy_(at::tensor(row_ids, at::kLong));
    inputs.valid_NL[n].narrow(0, 0, used).fill_(true);
    // Asked are codes, and of the first codebook the end.
    const Tensor& step_SC = steps[static_cast<size_t>(n)];
    Tensor wanted_SC = step_SC.masked_fill(step_SC >= model_->book_size, kNoLabel);
    wanted_SC.select(1, 0).copy_(
        step_SC.select(1, 0).masked_fill(step_SC.select(1, 0) > pattern.eos, kNoLabel));
    labels_NLC[n].narrow(0, used - step_SC.size(0), step_SC.size(0)).copy_(wanted_SC);
  }
  inputs.pictures["codec_input_ids"] = at::cat(codes);
  const Reading reading = model_->lm->lm->read(inputs);
  const Tensor features_NLD = model_->lm->lm->forward(reading, {}, context);
  return AudioLm::codec_loss(model_->lm->codec_logits(features_NLD), labels_NLC);
}

StepLoss SpeechTask::loss(MicroBatch& batch) {
  std::vector<Row> rows;
  for (const int64_t item : batch.items) {
    const double way = batch.random.uniform();
    const auto& spoken = words_[static_cast<size_t>(item)];
    rows.push_back(row(spoken, way < 0.75, way >= 0.5, batch.random));
    if (spoken.spellings.size() > 1)
      rows.back().words = spoken.spellings[batch.random.below(spoken.spellings.size())];
    if (dropped_ > 0 && batch.random.uniform() < dropped_) rows.back().words.clear();
  }
  RoutingLog log;
  TokenContext context;
  context.phase = Phase::train;
  context.step = batch.step;
  context.log = &log;
  const Tensor sum = codes_loss(rows, context);
  StepLoss result;
  result.weight = static_cast<double>(rows.size());
  result.loss = sum;
  if (balance_) result.loss = result.loss + (*balance_)(log.records);
  result.metrics["nll"] = sum.item<double>() / static_cast<double>(model_->books());
  return result;
}

double SpeechTask::held_out_nll(bool named, bool sampled) const {
  double sum = 0;
  Random random(0, "held out");
  for (size_t at = 0; at < held_out_.size(); at += kBatch) {
    std::vector<Row> rows;
    for (size_t i = at; i < std::min(held_out_.size(), at + kBatch); ++i)
      rows.push_back(row(held_out_[i], named, sampled, random));
    sum += codes_loss(rows, {}).item<double>() * static_cast<double>(rows.size());
  }
  return sum / static_cast<double>(held_out_.size()) / static_cast<double>(model_->books());
}

Metrics SpeechTask::evaluate() {
  if (held_out_.empty()) return {};
  return {{"nll", held_out_nll(true, false)}, {"nll_voice", held_out_nll(false, true)}};
}

}  // namespace conclave
