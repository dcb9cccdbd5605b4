#include "models/audio/pronouncer.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>

#include "framework/base/config_object.h"
#include "framework/base/error.h"
#include "framework/generate/generate.h"
#include "framework/nn/labels.h"
#include "framework/score/edit_distance.h"

namespace conclave {
namespace {

constexpr int64_t kLetters = 27;
constexpr int64_t kScoredAtOnce = 256;

}  // namespace

int64_t Pronouncer::phone(int64_t i) const {
  return kLetters + i;
}

std::vector<int64_t> Pronouncer::prompt(std::string_view word) const {
  std::vector<int64_t> ids;
  for (const char letter : word) {
    require<UsageError>((letter >= 'a' && letter <= 'z') || letter == '\'',
                        "\"{}\" cannot be pronounced: there are the letters a to z and the apostrophe", word);
    ids.push_back(letter == '\'' ? kLetters - 1 : letter - 'a');
  }
  require<UsageError>(!ids.empty(), "a word without letters cannot be pronounced");
  ids.push_back(say());
  return ids;
}

std::vector<std::string> Pronouncer::of(const std::string& word) const {
  const at::NoGradGuard no_grad;
  const auto ids = prompt(word);
  const Prompt read = read_prompt(*lm, at::tensor(ids, at::kLong).unsqueeze(0), {}, lm->new_state());
  GenerateOptions options;
  options.max_tokens = 2 * std::ssize(ids) + 4;
  options.stop = {end()};
  // Nothing but phones and the end is said.
  options.edit = [&](int64_t, std::span<const int64_t>, std::span<float> logits) {
    std::fill_n(logits.begin(), kLetters, -std::numeric_limits<float>::infinity());
    logits[static_cast<size_t>(say())] = -std::numeric_limits<float>::infinity();
  };
  options.sampling.temperature = 0;
  const auto generated = generate(*lm, read, options);
  std::vector<std::string> said;
  for (const int64_t id : generated[0].tokens)
    said.push_back(phones[static_cast<size_t>(id - kLetters)]);
  return said;
}

Ptr<Pronouncer> make_pronouncer(const Json& config) {
  ConfigObject c(config, "pronouncer");
  c.one_of("kind", {"pronouncer"});
  auto model = std::make_shared<Pronouncer>();
  model->phones = c.need<std::vector<std::string>>("phones");
  require<UsageError>(!model->phones.empty() && model->phones.size() < 10'000, "{}: between one and 10000",
                      c.name("phones"));
  const Json text = c.part("text");
  c.finish();
  model->lm = make_causal_lm({{"vocabulary", model->end() + 1}, {"tied", true}, {"text", text}});
  return model;
}

PronouncerTask::PronouncerTask(Ptr<Pronouncer> model, std::vector<PronouncedWord> words,
                               std::vector<PronouncedWord> held_out)
    : model_(std::move(model)), held_out_(std::move(held_out)) {
  require<UsageError>(!words.empty(), "[pronouncer] no words to train on");
  for (const auto& word : words) words_.push_back(row(word));
  for (const auto& word : held_out_) held_out_rows_.push_back(row(word));
  set_trainable(*model_, true);
}

PronouncerTask::Row PronouncerTask::row(const PronouncedWord& word) const {
  Row row{model_->prompt(word.word), std::ssize(word.phones) + 1};
  for (const auto& phone : word.phones) {
    const auto found = std::find(model_->phones.begin(), model_->phones.end(), phone);
    require<UsageError>(found != model_->phones.end(), "\"{}\": {} is no phone of the model: there are {}",
                        word.word, phone, fmt::join(model_->phones, " "));
    row.ids.push_back(model_->phone(found - model_->phones.begin()));
  }
  row.ids.push_back(model_->end());
  return row;
}

Tensor PronouncerTask::mean_nll(const std::vector<const Row*>& rows, const TokenContext& context) const {
  size_t longest = 0;
  for (const Row* row : rows) longest = std::max(longest, row->ids.size());
  const auto count = std::ssize(rows), length = static_cast<int64_t>(longest);
  Tensor ids_NL = at::zeros({count, length}, at::kLong),
         labels_NL = at::full({count, length}, kNoLabel, at::kLong);
  PassInput input;
  input.valid_NL = at::zeros({count, length}, at::kBool);
  for (int64_t n = 0; n < count; ++n) {
    const Row& row = *rows[static_cast<size_t>(n)];
    const auto used = std::ssize(row.ids);
    const Tensor ids = at::tensor(row.ids, at::kLong);
    ids_NL[n].narrow(0, 0, used).copy_(ids);
    input.valid_NL[n].narrow(0, 0, used).fill_(true);
    labels_NL[n].narrow(0, used - row.asked, row.asked).copy_(ids.slice(0, used - row.asked));
  }
  const Tensor features_NLD = model_->lm->forward(model_->lm->embed_tokens.forward(ids_NL), input, context);
  const Tensor logits_NLV = model_->lm->logits(features_NLD.slice(1, 0, length - 1));
  return at::cross_entropy_loss(logits_NLV.flatten(0, 1).to(at::kFloat), labels_NL.slice(1, 1).reshape({-1}),
                                {}, at::Reduction::Mean, kNoLabel);
}

StepLoss PronouncerTask::loss(MicroBatch& batch) {
  std::vector<const Row*> rows;
  for (const int64_t item : batch.items) rows.push_back(&words_[static_cast<size_t>(item)]);
  TokenContext context;
  context.phase = Phase::train;
  context.step = batch.step;
  StepLoss result;
  result.loss = mean_nll(rows, context);
  result.weight = static_cast<double>(rows.size());
  result.metrics["nll"] = result.loss.item<double>();
  return result;
}

Metrics PronouncerTask::evaluate() {
  if (held_out_.empty()) return {};
  double nll = 0;
  int64_t asked = 0, wanted = 0, edits = 0, wrong = 0;
  for (size_t at = 0; at < held_out_rows_.size(); at += kScoredAtOnce) {
    std::vector<const Row*> rows;
    int64_t here = 0;
    for (size_t i = at; i < std::min(held_out_rows_.size(), at + kScoredAtOnce); ++i) {
      rows.push_back(&held_out_rows_[i]);
      here += rows.back()->asked;
    }
    nll += mean_nll(rows, {}).item<double>() * static_cast<double>(here);
    asked += here;
  }
  for (const auto& word : held_out_) {
    const int64_t changes = edit_distance(word.phones, model_->of(word.word));
    edits += changes;
    wrong += changes > 0;
    wanted += std::ssize(word.phones);
  }
  return {{"nll", nll / static_cast<double>(asked)},
          {"phone_error_rate", static_cast<double>(edits) / static_cast<double>(wanted)},
          {"word_error_rate", static_cast<double>(wrong) / static_cast<double>(held_out_.size())}};
}

}  // namespace conclave
