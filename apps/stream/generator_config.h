/// A stream's configuration from the words of a command line.
#pragma once

#include <string>

#include "apps/common/options.h"

namespace conclave {

/// Options of every generator. Lists have a value per concept, --positions says where the next one begins.
class GeneratorFlags {
 public:
  /// `seed` is the name of the option for the rows' seed.
  void declare(Options& options, const std::string& seed);
  /// For stream::make_generator.
  Json config(const std::string& generator) const;

 private:
  int64_t seed_ = 1, model_seed_ = 1;
  std::vector<int> function_, drift_attributes_;
  std::vector<int> positions_;
  double width_ = 1;
  std::string ramp_ = "moa";
  std::optional<int> noise_, classes_, attributes_, centroids_, centroids_drifting_;
  std::optional<double> speed_, magnitude_;
  bool balance_ = false;
};

}  // namespace conclave
