#include "apps/ultrasound/calibration.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "framework/base/error.h"
#include "framework/base/progress.h"
#include "framework/base/signals.h"
#include "models/ultrasound/read_picture.h"
#include "models/ultrasound/validation.h"

namespace conclave {
using namespace ultrasound;
namespace {

void read_sample(const SavedReader& reader, int64_t task, const UltrasoundSample& sample,
                 Validation& validation) {
  const auto& about = reader.model->config.tasks[static_cast<size_t>(task)];
  const auto grey = load_picture_and_mask(sample).grey_HW;
  const auto first = first_look(reader, task, grey);
  validation.known[about.name].push_back(first.known);
  const auto reading = read_picture(reader, task, grey, first);
  for (const auto& field : about.fields) {
    const auto told = sample.fields.find(field.name);
    if (told == sample.fields.end()) continue;
    const auto place = std::ranges::find(field.values, told->second);
    if (place != field.values.end())
      add_logits(validation.fields[about.name][field.name], reading.logits.at(field.name),
                 place - field.values.begin());
  }
}

}  // namespace

int64_t calibrate(SavedReader& reader, const std::vector<UltrasoundSet>& sets) {
  reader.known_from.clear();  // a first look tells how much is known beyond it
  Validation validation;
  int64_t count = 0;
  for (const auto& set : sets) {
    const int64_t task = reader.model->config.task(set.task);
    Progress progress("calibrate on " + set.name,
                      std::ranges::count(set.samples, Part::validation, &UltrasoundSample::part), "pictures");
    for (const auto& sample : set.samples) {
      if (sample.part != Part::validation) continue;
      throw_if_interrupted();
      read_sample(reader, task, sample, validation);
      progress.advance();
      ++count;
    }
  }
  require<UsageError>(count > 0, "there are no validation pictures to calibrate on");
  reader.temperatures = fit_temperatures(validation);
  reader.known_from = known_thresholds(validation);
  return count;
}

}  // namespace conclave
