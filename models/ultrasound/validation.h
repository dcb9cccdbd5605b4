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

/// Adds what a picture's labelled field got; nothing where `truth` is below 0.
void add_logits(FieldLogits& all, const std::vector<double>& logits, int64_t truth);

struct Validation {
  /// "dice.TASK"; "auc.FIELD" of fields with two values; "accuracy.FIELD" of others; "score", their mean.
  Metrics metrics;
  std::map<std::string, std::map<std::string, FieldLogits>> fields;  ///< by task, field
  std::map<std::string, std::vector<double>> known;                  ///< by task, logits of all pictures
};

/// On the canvases of training, without mirror images or a second look: quick.
Validation validate(ReaderModel& model, const std::vector<LabelledPicture>& pictures);

/// The logit below which one in fifty of the pictures of each task lies: what is below it is not read.
std::map<std::string, double> known_thresholds(const Validation& validation);

/// For every field of every task with labelled pictures. The validation must have seen no test.
Temperatures fit_temperatures(const Validation& validation);

}  // namespace conclave::ultrasound
