/// One question about one or several pictures, as every visual question answering data set comes down to.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "framework/base/json.h"

namespace conclave {

struct VqaSample {
  std::string id;                             ///< unique within its split
  std::vector<std::filesystem::path> images;  ///< in the order in which the question means them
  std::string question;
  std::vector<std::string> answers;  ///< one, or ten of VQAv2's annotators; empty when unlabelled
  std::string group;  ///< samples that belong together: a statement's six pictures, a picture's questions
};

struct VqaSet {
  std::string name;   ///< "nlvr"
  std::string split;  ///< "dev"
  std::vector<VqaSample> samples;
};

/// Reads a split of `name` (easy-vqa, nlvr, daquar, llava, vqav2) below `dir`. docs/datasets.md has the
/// layouts. Throws UsageError for an unknown name or split, DataError for bad files.
VqaSet load_vqa(const std::string& name, const std::filesystem::path& dir, const std::string& split);

/// The names that load_vqa knows.
std::vector<std::string> vqa_set_names();

}  // namespace conclave
