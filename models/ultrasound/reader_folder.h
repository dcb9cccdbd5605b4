/// A trained reader on disk: config.json and model.safetensors.
#pragma once

#include <filesystem>
#include <map>

#include "models/ultrasound/reader_model.h"

namespace conclave::ultrasound {

/// Logits are divided by it before the softmax (Guo et al., arXiv 1706.04599): by task, then by field.
using Temperatures = std::map<std::string, std::map<std::string, double>>;

struct SavedReader {
  std::string name;
  Json model_config;               ///< as it was trained
  Json training = Json::object();  ///< data set, fold, seed, recipe: what a test must not have been part of
  Temperatures temperatures;
  std::map<std::string, double> known_from = {};  ///< by task: below this logit a picture is not read
  Ptr<ReaderModel> model;

  double temperature(const std::string& task, const std::string& field) const;
};

/// Throws DataError for a broken folder.
SavedReader load_reader(const std::filesystem::path& folder);
/// `half`: weights as float16. Loading makes float32 of them.
void save_reader(const SavedReader& reader, const std::filesystem::path& folder, bool half);
/// config.json alone.
void write_reader_config(const SavedReader& reader, const std::filesystem::path& folder);

}  // namespace conclave::ultrasound
