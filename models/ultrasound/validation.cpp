#include "models/ultrasound/validation.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "framework/score/calibration.h"
#include "framework/score/classification.h"
#include "models/ultrasound/canvas.h"
#include "models/ultrasound/reading.h"

namespace conclave::ultrasound {
namespace {

constexpr size_t kBatch = 16;

double field_score(const FieldLogits& all, bool two) {
  std::vector<double> score;
  std::vector<uint8_t> positive;
  int64_t right = 0;
  for (size_t i = 0; i < all.truth.size(); ++i) {
    const auto& logits = all.logits[i];
    score.push_back(logits[1] - logits[0]);
    positive.push_back(all.truth[i] == 1);
    if (std::ranges::max_element(logits) - logits.begin() == all.truth[i]) ++right;
  }
  return two ? roc_auc(score, positive) : static_cast<double>(right) / static_cast<double>(all.truth.size());
}

}  // namespace

void add_logits(FieldLogits& all, const std::vector<double>& logits, int64_t truth) {
  if (truth < 0) return;
  all.logits.push_back(logits);
  all.truth.push_back(truth);
}

Validation validate(ReaderModel& model, const std::vector<LabelledPicture>& pictures) {
  Validation result;
  double sum = 0, measures = 0;
  const auto add = [&](const std::string& name, double value) {
    result.metrics[name] = value;
    if (!std::isfinite(value)) return;
    sum += value;
    ++measures;
  };
  for (size_t t = 0; t < model.config.tasks.size(); ++t) {
    const auto& task = model.config.tasks[t];
    std::vector<const LabelledPicture*> shown;
    for (const auto& picture : pictures)
      if (picture.task == static_cast<int64_t>(t)) shown.push_back(&picture);
    double dice = 0, outlined = 0;
    auto& fields = result.fields[task.name];
    for (size_t first = 0; first < shown.size(); first += kBatch) {
      const size_t end = std::min(first + kBatch, shown.size());
      std::vector<Tensor> grey;
      for (size_t i = first; i < end; ++i) grey.push_back(shown[i]->grey_HW);
      const Reading reading = read_pictures(model, at::stack(grey), static_cast<int64_t>(t));
      for (size_t i = first; i < end; ++i) {
        const auto row = static_cast<int64_t>(i - first);
        result.known[task.name].push_back(reading.known_N[row].item<double>());
        if (shown[i]->mask_HW.defined()) {
          dice += dice_of(reading.mask_NHW[row].gt(0), shown[i]->mask_HW.gt(127));
          ++outlined;
        }
        for (size_t f = 0; f < task.fields.size(); ++f)
          add_logits(fields[task.fields[f].name], values_of(reading.fields.at(task.fields[f].name)[row]),
                     shown[i]->field[f]);
      }
    }
    if (outlined > 0) add("dice." + task.name, dice / outlined);
    for (const auto& field : task.fields) {
      const bool two = field.values.size() == 2;
      if (!fields[field.name].truth.empty())
        add((two ? "auc." : "accuracy.") + field.name, field_score(fields[field.name], two));
    }
  }
  result.metrics["score"] = measures > 0 ? sum / measures : std::nan("");
  return result;
}

Temperatures fit_temperatures(const Validation& validation) {
  Temperatures all;
  for (const auto& [task, fields] : validation.fields)
    for (const auto& [name, logits] : fields)
      if (!logits.truth.empty()) all[task][name] = fit_temperature(logits.logits, logits.truth);
  return all;
}

std::map<std::string, double> known_thresholds(const Validation& validation) {
  std::map<std::string, double> all;
  for (const auto& [task, logits] : validation.known) {
    if (logits.empty()) continue;
    auto sorted = logits;
    std::ranges::sort(sorted);
    all[task] = sorted[sorted.size() / 50];
  }
  return all;
}

}  // namespace conclave::ultrasound
