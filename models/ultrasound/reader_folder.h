/// A trained reader on disk: config.json and model.safetensors.
#pragma once

#include <filesystem>
#include <map>
#include <vector>

#include "models/ultrasound/reader_model.h"

namespace conclave::ultrasound {

/// Logits are divided by it before the softmax (Guo et al., arXiv 1706.04599): by task, then by field.
using Temperatures = std::map<std::string, std::map<std::string, double>>;

/// One of the readings of a picture whose mean counts; which of them pay is found on validation pictures.
struct Look {
  double scale = 1;  ///< the canvas's sides over those of training; more may be better (arXiv 1906.06423)
  bool mirrored = false;  ///< left and right exchanged
};
/// [{"scale": 1, "mirrored": false}, ...], 1 to 16 of them; the picture and its mirror image when there are
/// none. Throws UsageError that names the key.
std::vector<Look> parse_looks(const Json& json, const std::string& path);
Json to_json(const std::vector<Look>& looks);

struct SavedReader {
  std::string name;
  Json model_config;               ///< as it was trained
  Json training = Json::object();  ///< data set, fold, seed, recipe: what a test must not have been part of
  std::vector<Look> looks = {{1, false}, {1, true}};
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
