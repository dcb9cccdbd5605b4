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

Tensor greys_of(const std::vector<const LabelledPicture*>& pictures) {
  std::vector<Tensor> grey;
  for (const auto* picture : pictures) grey.push_back(picture->grey_HW);
  return at::stack(grey);
}

// uint8 [N,M,H,W]: the outline that all share, behind it each rater's where they are asked for; black where a
// picture has fewer.
Tensor masks_of(const std::vector<const LabelledPicture*>& pictures, bool raters) {
  int64_t most = 0;
  for (const auto* picture : pictures)
    if (raters && picture->raters_RHW.defined()) most = std::max(most, picture->raters_RHW.size(0));
  const auto& size = pictures.front()->grey_HW.sizes();
  const Tensor masks_NMHW = at::zeros({std::ssize(pictures), 1 + most, size[0], size[1]}, at::kByte);
  for (int64_t n = 0; n < std::ssize(pictures); ++n) {
    const auto& picture = *pictures[static_cast<size_t>(n)];
    if (picture.mask_HW.defined()) masks_NMHW[n][0].copy_(picture.mask_HW);
    if (raters && picture.raters_RHW.defined())
      masks_NMHW[n].narrow(0, 1, picture.raters_RHW.size(0)).copy_(picture.raters_RHW);
  }
  return masks_NMHW;
}

// The mean distance over pictures that several raters outlined, at half the canvas' size; undefined without
// any.
Tensor raters_apart(const std::vector<const LabelledPicture*>& pictures, const Tensor& masks_NMHW,
                    const Tensor& samples_NSHW, const RaterLoss& loss) {
  if (!samples_NSHW.defined()) return {};
  std::map<int64_t, std::vector<int64_t>> by_raters;
  for (int64_t n = 0; n < std::ssize(pictures); ++n)
    if (const auto& raters = pictures[static_cast<size_t>(n)]->raters_RHW; raters.defined())
      by_raters[raters.size(0)].push_back(n);
  const auto shares = [](const Tensor& inside_NKHW) { return at::avg_pool2d(inside_NKHW, 2).flatten(2); };
  Tensor sum;
  double count = 0;
  for (const auto& [raters, places] : by_raters) {
    const Tensor rows = at::tensor(places, at::kLong);
    const Tensor apart = rater_distance(shares(samples_NSHW.index_select(0, rows).sigmoid()),
                                        shares(masks_NMHW.index_select(0, rows).narrow(1, 1, raters)), loss)
                             .sum();
    sum = sum.defined() ? sum + apart : apart;
    count += static_cast<double>(places.size());
  }
  return count > 0 ? sum / count : Tensor();
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
  if (config.has("raters")) losses.raters = parse_rater_loss(config.part("raters"), config.name("raters"));
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
  const bool sampled =
      std::ranges::any_of(model_.config.tasks, [](const TaskConfig& task) { return task.latent > 0; });
  require<UsageError>(sampled == (settings_.raters.weight > 0),
                      "losses.raters and a task's latent belong together: one draws the outlines that the "
                      "other compares with the raters'");
  if (!settings_.routing.empty()) routing_loss_ = make_loss(settings_.routing);
}

Tensor ReaderTask::task_loss(int64_t task, const std::vector<int64_t>& items, MicroBatch& batch,
                             Metrics& metrics) {
  const auto& about = model_.config.tasks[static_cast<size_t>(task)];
  std::vector<const LabelledPicture*> pictures;
  for (const int64_t item : items) pictures.push_back(&pictures_[static_cast<size_t>(item)]);
  std::vector<int64_t> outlined;
  for (size_t n = 0; n < pictures.size(); ++n)
    if (pictures[n]->mask_HW.defined()) outlined.push_back(static_cast<int64_t>(n));
  const auto seen = augment(greys_of(pictures), masks_of(pictures, about.latent > 0),
                            augment_[static_cast<size_t>(task)], batch.random);
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
  Tensor latent_NSL;
  if (about.latent > 0)
    latent_NSL = latent_draws(input_NHW.size(0), settings_.raters.samples, about.latent, batch.random);
  Reading reading = model_.forward(network_input(input_NHW), task, context, latent_NSL);
  counts_.add(log.records);
  for (const auto& record : log.records) trace_.add(record);

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
    const Tensor outline = outline_loss(reading.mask_NHW.index_select(0, rows),
                                        seen.masks_NMHW.select(1, 0).index_select(0, rows), settings_);
    metrics["outline." + about.name] = outline.item<double>();
    loss = loss + outline;
  }
  if (const Tensor apart = raters_apart(pictures, seen.masks_NMHW, reading.samples_NSHW, settings_.raters);
      apart.defined()) {
    metrics["raters." + about.name] = apart.item<double>();
    loss = loss + settings_.raters.weight * apart;
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
