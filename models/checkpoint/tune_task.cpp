#include "models/checkpoint/tune_task.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>

#include "framework/base/error.h"
#include "framework/lora/attach.h"
#include "framework/media/picture.h"
#include "framework/moe/routing_log.h"
#include "framework/nn/labels.h"

namespace conclave {
namespace {

constexpr size_t kRowsAtOnce = 8;  // of an evaluation

}  // namespace

AdapterWeights::AdapterWeights(const AdapterTensors& tensors) {
  for (const auto& [name, tensor] : tensors)
    for (const Tensor& leaf : tensor.leaves) {
      const bool there = std::any_of(leaves.begin(), leaves.end(),
                                     [&](const auto& known) { return known.second.is_same(leaf); });
      if (there) continue;  // a bank of experts is one tensor of ours and many published ones
      leaves.emplace_back(fmt::format("{}.{}", name, leaves.size()), leaf);
    }
}

void AdapterWeights::visit(Visitor& v) {
  for (auto& [name, leaf] : leaves) v(name, leaf);
}

TuneTask::TuneTask(Ptr<Multimodal> model, AdapterTensors adapter, std::vector<TuneRow> rows,
                   std::vector<TuneRow> held_out, Ptr<Loss> balance, Ptr<PictureLooker> looker)
    : model_(std::move(model)),
      adapter_(std::move(adapter)),
      weights_(adapter_),
      rows_(std::move(rows)),
      held_out_(std::move(held_out)),
      balance_(std::move(balance)),
      looker_(std::move(looker)) {
  if (looker_)
    for (const auto& [name, linear] : find_linears(*model_, {"*"}))
      require<UsageError>(!linear->adapter || name.starts_with("model.") || name == "lm_head",
                          "the adapter changes {}: pictures are seen by frozen parts alone", name);
  set_trainable(*model_, false);
  set_trainable(weights_, true);
}

std::pair<Tensor, int64_t> TuneTask::summed(const std::vector<const TuneRow*>& rows,
                                            TokenContext context) const {
  size_t longest = 0;
  for (const auto* row : rows) longest = std::max(longest, row->ids.size());
  const auto count = std::ssize(rows), length = static_cast<int64_t>(longest);
  Inputs inputs;
  inputs.ids_NL = at::zeros({count, length}, at::kLong);
  inputs.valid_NL = at::zeros({count, length}, at::kBool);
  // The label of a place is the token behind it.
  Tensor label_NL = at::full({count, length}, kNoLabel, at::kLong);
  std::vector<int64_t> tasks;
  std::vector<Tensor> pictures;
  for (int64_t n = 0; n < count; ++n) {
    const auto& row = *rows[static_cast<size_t>(n)];
    const int64_t used = std::ssize(row.ids), asked = used - row.asked_from;
    const Tensor ids = at::tensor(row.ids, at::kLong);
    inputs.ids_NL[n].narrow(0, 0, used).copy_(ids);
    inputs.valid_NL[n].narrow(0, 0, used).fill_(true);
    tasks.push_back(row.task);
    for (const auto& picture : row.pictures) pictures.push_back(load_picture(picture));
    label_NL[n].narrow(0, row.asked_from - 1, asked).copy_(ids.narrow(0, row.asked_from, asked));
  }
  if (!pictures.empty()) {
    require(looker_ != nullptr, "[tune] rows with pictures, and nothing that looks at them");
    const LookedAt looked = looker_->look_at(pictures);
    inputs.pictures = looked.inputs.pictures;
    inputs.seen = looked.inputs.seen;
  }
  inputs.labels_NL = label_NL;
  const Reading reading = model_->read(inputs);  // rows may have grown by their pictures
  context.task_T = at::tensor(tasks, at::kLong).repeat_interleave(reading.x_NLD.size(1));
  const Tensor features_NLD = model_->forward(reading, {}, context);
  // The head runs for asked places alone: most of a vocabulary's logits would be thrown away.
  const Tensor label_T = reading.labels_NL.flatten();
  const Tensor asked_A = label_T.ne(kNoLabel).nonzero().squeeze(1);
  const Tensor features_AD = features_NLD.flatten(0, 1).index_select(0, asked_A);
  const Tensor logits_AV = model_->text->logits(features_AD.unsqueeze(0)).squeeze(0).to(at::kFloat);
  return {at::cross_entropy_loss(logits_AV, label_T.index_select(0, asked_A), {}, at::Reduction::Sum),
          asked_A.numel()};
}

StepLoss TuneTask::loss(MicroBatch& batch) {
  std::vector<const TuneRow*> rows;
  for (const int64_t item : batch.items) rows.push_back(&rows_[static_cast<size_t>(item)]);
  RoutingLog log;
  TokenContext context;
  context.phase = Phase::train;
  context.step = batch.step;
  context.log = &log;
  const auto [sum, tokens] = summed(rows, context);
  StepLoss result;
  result.weight = static_cast<double>(tokens);
  result.loss = sum / tokens;
  result.metrics["nll"] = result.loss.item<double>();
  if (balance_ && !log.records.empty()) {
    const Tensor balance = (*balance_)(log.records);
    result.metrics["balance"] = balance.item<double>();
    result.loss = result.loss + balance;
  }
  for (const auto& record : log.records) trace_.add(record);
  return result;
}

Metrics TuneTask::evaluate() {
  if (held_out_.empty()) return {};
  const at::NoGradGuard no_grad;
  double sum = 0;
  int64_t tokens = 0;
  for (size_t at = 0; at < held_out_.size(); at += kRowsAtOnce) {
    std::vector<const TuneRow*> rows;
    for (size_t i = at; i < std::min(held_out_.size(), at + kRowsAtOnce); ++i) rows.push_back(&held_out_[i]);
    const auto [nll, asked] = summed(rows, {});
    sum += nll.item<double>();
    tokens += asked;
  }
  return {{"nll", sum / static_cast<double>(tokens)}};
}

}  // namespace conclave
