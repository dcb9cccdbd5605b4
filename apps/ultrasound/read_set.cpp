#include "apps/ultrasound/read_set.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "framework/base/error.h"
#include "framework/base/log.h"
#include "framework/base/progress.h"
#include "framework/base/signals.h"
#include "models/ultrasound/ellipse.h"
#include "models/ultrasound/read_picture.h"
#include "models/ultrasound/reading.h"

namespace conclave {
using namespace ultrasound;

int64_t ReadField::guess() const {
  return std::ranges::max_element(probability) - probability.begin();
}

Json ReadRow::to_json(const TaskConfig& task) const {
  Json line = {{"id", id}, {"patient", patient}, {"fold", fold}};
  if (std::isfinite(dice)) line["dice"] = dice;
  if (std::isfinite(rater_dice)) line["rater_dice"] = rater_dice;
  if (std::isfinite(ged)) line["ged"] = ged;
  if (std::isfinite(hd95)) line["hd95"] = hd95;
  for (const auto& field : task.fields) {
    const auto found = fields.find(field.name);
    if (found == fields.end()) continue;
    Json told = {{"value", field.values[static_cast<size_t>(found->second.guess())]},
                 {"probabilities", found->second.probability}};
    if (found->second.truth >= 0) told["truth"] = field.values[static_cast<size_t>(found->second.truth)];
    line["fields"][field.name] = told;
  }
  if (circumference_mm) line["circumference_mm"] = *circumference_mm;
  if (true_circumference_mm) line["true_circumference_mm"] = *true_circumference_mm;
  return line;
}

ReadPicture reading_of(const SavedReader& reader, const std::string& task_name) {
  const int64_t task = reader.model->config.task(task_name);
  return [&reader, task](const Tensor& grey_HW) {
    const auto reading = read_picture(reader, task, grey_HW, first_look(reader, task, grey_HW));
    SaidOfPicture said{reading.mask_HW.gt(0).to(at::kByte), {}, probabilities_of(reader, task, reading)};
    for (const auto& sample_HW : reading.samples_HW) said.samples_HW.push_back(sample_HW.gt(0).to(at::kByte));
    return said;
  };
}

namespace {

void compare(const Tensor& mask_HW, const std::vector<Tensor>& raters_HW, ReadRow& row) {
  double dice = 0, hd95 = 0, pairs = 0, between = 0;
  for (size_t a = 0; a < raters_HW.size(); ++a) {
    dice += dice_of(mask_HW, raters_HW[a]);
    hd95 += hausdorff95(mask_HW, raters_HW[a]);
    for (size_t b = 0; b < a; ++b, ++pairs) between += dice_of(raters_HW[a], raters_HW[b]);
  }
  const auto count = static_cast<double>(raters_HW.size());
  row.dice = dice / count;
  row.hd95 = hd95 / count;
  if (pairs > 0) row.rater_dice = between / pairs;
}

}  // namespace

std::vector<ReadRow> read_set(const UltrasoundSet& set, Part part, const TaskConfig& task,
                              const ReadPicture& read, const std::string& label) {
  std::vector<ReadRow> rows;
  std::map<std::string, int64_t> unknown;
  Progress progress(label, std::ranges::count(set.samples, part, &UltrasoundSample::part), "pictures");
  for (const auto& sample : set.samples) {
    if (sample.part != part) continue;
    throw_if_interrupted();
    const auto [grey, raters] = load_picture_and_mask(sample);
    const SaidOfPicture reading = read(grey);
    ReadRow row;
    row.id = sample.id;
    row.patient = sample.patient;
    Tensor mask = largest_part(reading.mask_HW);
    if (set.task == "fetal_head") {
      const auto ellipse = ellipse_around(mask);
      if (ellipse) mask = ellipse_mask(*ellipse, grey.size(0), grey.size(1));
      row.true_circumference_mm = sample.circumference_mm;
      if (sample.pixel_mm) row.circumference_mm = ellipse ? circumference(*ellipse) * *sample.pixel_mm : 0;
    }
    if (!raters.empty()) compare(mask, raters, row);
    if (raters.size() > 1) {
      std::vector<Tensor> samples;
      for (const auto& sample : reading.samples_HW) samples.push_back(largest_part(sample));
      row.ged = generalised_energy_distance(samples.empty() ? std::vector{mask} : samples, raters);
    }
    for (const auto& field : task.fields) {
      const auto told = reading.fields.find(field.name);
      if (told == reading.fields.end()) continue;
      ReadField& out = row.fields[field.name];
      out.probability = told->second;
      if (const auto label_of = sample.fields.find(field.name); label_of != sample.fields.end()) {
        const auto place = std::ranges::find(field.values, label_of->second);
        if (place != field.values.end())
          out.truth = place - field.values.begin();
        else
          ++unknown[field.name + " '" + label_of->second + "'"];
      }
    }
    rows.push_back(std::move(row));
    progress.advance();
  }
  require<UsageError>(!rows.empty(), "{} has no picture of the {} part", set.name, part_name(part));
  for (const auto& [value, count] : unknown)
    log_warning("{}: the model does not know {}: {} labels are left out", set.name, value, count);
  return rows;
}

void require_unseen(const SavedReader& reader, const std::string& set, int fold) {
  const Json sets = reader.training.value("sets", Json::array());
  const bool learnt = std::ranges::find(sets, Json(set)) != sets.end();
  if (!learnt || set != "bus-bra") return;
  const Json trained = reader.training.value("fold", Json());
  require<UsageError>(
      trained == fold,
      "{} learnt from fold {} of {}: its test is fold {} (--fold {}), or give another --model", reader.name,
      fold, set, trained.dump(), trained.dump());
}

}  // namespace conclave
