#include "models/ultrasound/reader_task.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "framework/base/config_object.h"

namespace conclave::ultrasound {
namespace {

// 1 - mean over pictures of 2·|A∩B| / (|A| + |B|) (V-Net, arXiv 1606.04797).
Tensor dice_loss(const Tensor& logits_NHW, const Tensor& mask_NHW) {
  const Tensor inside_NHW = logits_NHW.sigmoid();
  const Tensor both_N = (inside_NHW * mask_NHW).sum({1, 2});
  const Tensor sum_N = inside_NHW.sum({1, 2}) + mask_NHW.sum({1, 2});
  return 1 - ((2 * both_N + 1) / (sum_N + 1)).mean();
}

Tensor outline_loss(const Tensor& logits_NHW, const Tensor& mask_NHW, const ReaderLosses& settings) {
  return settings.overlap * dice_loss(logits_NHW, mask_NHW) +
         settings.pixels * at::binary_cross_entropy_with_logits(logits_NHW, mask_NHW);
}

bool has_shares(const LabelledPicture& picture, size_t field) {
  return field < picture.shares.size() && !picture.shares[field].empty();
}

bool is_labelled(const LabelledPicture& picture, size_t field) {
  return picture.field.at(field) >= 0 || has_shares(picture, field);
}

// int64 [M], or where raters differ the shares of their votes, float [M,V].
Tensor field_targets(const std::vector<const LabelledPicture*>& pictures, size_t field, int64_t values) {
  if (std::ranges::none_of(pictures, [&](const auto* p) { return has_shares(*p, field); })) {
    std::vector<int64_t> labels;
    for (const auto* picture : pictures) labels.push_back(picture->field[field]);
    return at::tensor(labels, at::kLong);
  }
  Tensor target_MV = at::zeros({std::ssize(pictures), values});
  for (int64_t m = 0; m < std::ssize(pictures); ++m) {
    const auto& picture = *pictures[static_cast<size_t>(m)];
    if (has_shares(picture, field))
      target_MV[m].copy_(at::tensor(picture.shares[field]));
    else
      target_MV[m][picture.field[field]].fill_(1);
  }
  return target_MV;
}

}  // namespace

ReaderLosses parse_reader_losses(const Json& json, const std::string& path) {
  ConfigObject config(json, path);
  ReaderLosses losses;
  const auto weight = [](const std::string& name, double value) {
    require<UsageError>(value >= 0 && value <= 1e6, "{} = {}: must be from 0 to 1e6", name, value);
    return value;
  };
  losses.overlap = weight(config.name("overlap"), config.get("overlap", losses.overlap));
  losses.pixels = weight(config.name("pixels"), config.get("pixels", losses.pixels));
  losses.label_smoothing = config.get("label_smoothing", losses.label_smoothing);
  require<UsageError>(losses.label_smoothing >= 0 && losses.label_smoothing < 1,
                      "{} = {}: must be from 0 to below 1", config.name("label_smoothing"),
                      losses.label_smoothing);
  losses.known = weight(config.name("known"), config.get("known", losses.known));
  losses.outlier_share = config.get("outlier_share", losses.outlier_share);
  require<UsageError>(losses.outlier_share >= 0 && losses.outlier_share <= 1, "{} = {}: must be from 0 to 1",
                      config.name("outlier_share"), losses.outlier_share);
  losses.fields = config.get("fields", losses.fields);
  for (const auto& [name, value] : losses.fields) weight(config.name("fields") + "." + name, value);
  losses.mirrored = config.get("mirrored", losses.mirrored);
  if (config.has("routing")) losses.routing = config.part("routing");
  config.finish();
  return losses;
}

ReaderTask::ReaderTask(ReaderModel& model, const std::vector<LabelledPicture>& pictures, ReaderLosses losses,
                       std::vector<AugmentOptions> augment, std::vector<std::vector<Tensor>> others)
    : model_(model),
      pictures_(pictures),
      settings_(std::move(losses)),
      augment_(std::move(augment)),
      others_(std::move(others)) {
  others_.resize(model_.config.tasks.size());
  require<UsageError>(!pictures_.empty(), "there are no pictures to learn from");
  require<Error>(augment_.size() == model_.config.tasks.size(), "[ultrasound] {} augmentations for {} tasks",
                 augment_.size(), model_.config.tasks.size());
  if (!settings_.routing.empty()) routing_loss_ = make_loss(settings_.routing);
}

Tensor ReaderTask::task_loss(int64_t task, const std::vector<int64_t>& items, MicroBatch& batch,
                             Metrics& metrics) {
  std::vector<Tensor> grey, mask;
  std::vector<int64_t> outlined;
  for (const int64_t item : items) {
    const auto& picture = pictures_[static_cast<size_t>(item)];
    grey.push_back(picture.grey_HW);
    if (picture.mask_HW.defined()) outlined.push_back(static_cast<int64_t>(mask.size()));
    mask.push_back(picture.mask_HW.defined() ? picture.mask_HW : at::zeros_like(picture.grey_HW));
  }
  const auto seen =
      augment(at::stack(grey), at::stack(mask), augment_[static_cast<size_t>(task)], batch.random);
  RoutingLog log;
  TokenContext context;
  context.phase = Phase::train;
  context.step = batch.step;
  context.log = &log;
  Tensor input_NHW = seen.grey_NHW, known_N = at::ones({seen.grey_NHW.size(0)});
  const auto beside =
      static_cast<int64_t>(std::ceil(settings_.outlier_share * static_cast<double>(items.size())));
  if (beside > 0) {
    const auto strange =
        outliers_for(seen.grey_NHW, others_[static_cast<size_t>(task)], beside, batch.random);
    input_NHW = at::cat({input_NHW, strange.grey_MHW});
    known_N = at::cat({known_N, strange.known_M});
  }
  Reading reading = model_.forward(network_input(input_NHW), task, context);
  counts_.add(log.records);
  for (const auto& record : log.records) trace_.add(record);

  const auto& about = model_.config.tasks[static_cast<size_t>(task)];
  Tensor loss = at::zeros({});
  if (beside > 0) {
    const Tensor known = at::binary_cross_entropy_with_logits(reading.known_N, known_N);
    metrics["known." + about.name] = known.item<double>();
    loss = loss + settings_.known * known;
    const auto real = static_cast<int64_t>(items.size());
    reading.mask_NHW = reading.mask_NHW.narrow(0, 0, real);
    for (auto& [name, logits] : reading.fields) logits = logits.narrow(0, 0, real);
  }
  if (!outlined.empty()) {
    const Tensor rows = at::tensor(outlined, at::kLong);
    const Tensor outline =
        outline_loss(reading.mask_NHW.index_select(0, rows), seen.mask_NHW.index_select(0, rows), settings_);
    metrics["outline." + about.name] = outline.item<double>();
    loss = loss + outline;
  }
  for (size_t f = 0; f < about.fields.size(); ++f) {
    const auto& name = about.fields[f].name;
    const auto found = settings_.fields.find(name);
    const double weight = found == settings_.fields.end() ? 1 : found->second;
    const bool mirrored = std::ranges::find(settings_.mirrored, name) != settings_.mirrored.end();
    std::vector<const LabelledPicture*> labelled;
    std::vector<int64_t> rows;
    for (size_t n = 0; n < items.size(); ++n) {
      const auto& picture = pictures_[static_cast<size_t>(items[n])];
      if ((mirrored && seen.flipped[n]) || !is_labelled(picture, f)) continue;
      labelled.push_back(&picture);
      rows.push_back(static_cast<int64_t>(n));
    }
    if (weight == 0 || rows.empty()) continue;
    const Tensor logits_MV = reading.fields.at(name).index_select(0, at::tensor(rows, at::kLong));
    const Tensor told = at::cross_entropy_loss(logits_MV, field_targets(labelled, f, logits_MV.size(1)), {},
                                               at::Reduction::Mean,
                                               /*ignore_index=*/-1, settings_.label_smoothing);
    metrics[name] = told.item<double>();
    loss = loss + weight * told;
  }
  if (routing_loss_ && !log.records.empty()) loss = loss + (*routing_loss_)(log.records);
  return loss;
}

StepLoss ReaderTask::loss(MicroBatch& batch) {
  std::map<int64_t, std::vector<int64_t>> by_task;
  for (const int64_t item : batch.items) by_task[pictures_[static_cast<size_t>(item)].task].push_back(item);
  StepLoss result;
  result.weight = static_cast<double>(batch.items.size());
  for (const auto& [task, items] : by_task) {
    const Tensor loss =
        task_loss(task, items, batch, result.metrics) * (static_cast<double>(items.size()) / result.weight);
    result.loss = result.loss.defined() ? result.loss + loss : loss;
  }
  return result;
}

void ReaderTask::after_step(int64_t step) {
  for (const auto& block : model_.blocks)
    if (block->moe) block->moe->router->after_step(counts_.window(block->moe->site, step));
  counts_.clear();
}

}  // namespace conclave::ultrasound
