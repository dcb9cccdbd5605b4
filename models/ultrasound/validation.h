/// A reader on held-out pictures: what decides when training is best, and what calibrates it.
#pragma once

#include "framework/train/train_task.h"
#include "models/ultrasound/reader_folder.h"
#include "models/ultrasound/reader_task.h"

namespace conclave::ultrasound {

/// What a reader says of all pictures of a task that have a field labelled.
struct FieldLogits {
  std::vector<std::vector<double>> logits;
  std::vector<int64_t> truth;
};

struct Validation {
  /// "dice.TASK"; "auc.FIELD" of fields with two values; "accuracy.FIELD" of others; "score", their mean.
  Metrics metrics;
  std::map<std::string, std::map<std::string, FieldLogits>> fields;  ///< by task, field
};

Validation validate(ReaderModel& model, const std::vector<LabelledPicture>& pictures, bool mirrored = false);

/// For every field of every task with labelled pictures, fitted to `pictures`, which must be no test.
Temperatures fit_temperatures(ReaderModel& model, const std::vector<LabelledPicture>& pictures,
                              bool mirrored);

}  // namespace conclave::ultrasound
