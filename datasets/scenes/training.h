/// Measures the grammar on NLVR's training statements, and takes the skeletons from them.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "datasets/scenes/grammar.h"

namespace conclave::scenes {

struct TrainingCheck {
  int statements = 0;
  int parsed = 0;
  int agreed = 0;  ///< parsed and executed to the annotator's label, on all six pictures alike
  /// The same without the skeletons that miss more labels than they meet: these are not used.
  int kept = 0, kept_agreed = 0;
  std::vector<std::string> unread;     ///< statements the grammar does not read
  std::vector<std::string> disagreed;  ///< "label: statement => meaning"
  /// The skeletons that are used, as lines of kSkeletons.
  std::vector<std::string> skeletons;
};

/// Reads `nlvr`/train/train-1000.json and its pictures. Throws DataError.
TrainingCheck check_training(const std::filesystem::path& nlvr, const Grammar& grammar);

}  // namespace conclave::scenes
