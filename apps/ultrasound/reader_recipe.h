/// A recipe of a reader: everything that makes a model again, as one JSON file. docs/ultrasound.md lists the
/// keys.
#pragma once

#include "framework/train/train_options.h"
#include "models/ultrasound/reader_folder.h"
#include "models/ultrasound/reader_task.h"

namespace conclave {

struct ReaderRecipe {
  std::string name;
  Json source;                          ///< as it was read
  std::vector<std::string> sets;        ///< "bus-bra", "hc18"
  std::vector<std::string> other_sets;  ///< what a task must tell from its own pictures, beside made ones
  Json model;
  std::vector<ultrasound::AugmentOptions> augment;  ///< of each task of the model
  ultrasound::ReaderLosses losses;
  TrainOptions train;
  bool half = true;  ///< weights are written as float16
  std::vector<ultrasound::Look> looks;
};

/// {"name", "sets": ["bus-bra"], "other_sets": ["hc18"], "model": {...}, "augment": {"breast": {...}},
/// "losses": {...},
///  "train": {...}, "half": true, "looks": [...]}. Throws UsageError that names the key.
ReaderRecipe parse_reader_recipe(const Json& json);

}  // namespace conclave
