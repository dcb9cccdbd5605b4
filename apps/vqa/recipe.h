/// A recipe: everything that makes a model again, as one JSON file. docs/vlm.md lists the keys.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "framework/base/json.h"
#include "framework/train/train_options.h"

namespace conclave {

/// A source's part in a stage.
struct MixEntry {
  std::string source;
  double weight = 1;
  int64_t pictures = 16;  ///< a micro-batch
  int64_t questions = 1;  ///< a picture
};

struct RecipeStage {
  std::string name;
  bool perception = false;              ///< trains the eyes, on what lies where in box scenes
  bool moe = true;                      ///< false: dense FFNs, which the next stage upcycles to experts
  std::vector<std::string> train_only;  ///< parts of parameter names; empty: everything learns
  std::vector<MixEntry> mix;
  std::vector<MixEntry> evaluate;  ///< `weight` is then the number of batches
  Json losses;
  TrainOptions train;
};

struct Recipe {
  std::string name;
  Json source;               ///< the file as it was read
  int64_t vocabulary = 512;  ///< of the tokenizer that is trained
  bool half = true;          ///< weights are shipped as bfloat16, routers apart; training keeps float32
  Json picture, model;
  std::map<std::string, Json>
      sources;  ///< by name: {"kind": "scenes" | "scenes-perception" | "scenes-brief" | a data set, ...}
  std::vector<RecipeStage> stages;
};

/// Throws UsageError that names the key.
Recipe parse_recipe(const Json& json);

}  // namespace conclave
