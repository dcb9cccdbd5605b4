/// Drift detectors over a stream of errors (1: wrong, 0: right) or values. Names and defaults are MOA's.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "framework/base/random.h"
#include "models/stream/base/archive.h"

namespace conclave::stream {

class DriftDetector {
 public:
  virtual ~DriftDetector() = default;
  /// Takes the next value; true when the stream has changed. The detector then begins anew.
  virtual bool add(double value) = 0;
  /// Whether a change seems to begin.
  virtual bool warning() const { return false; }
  virtual void fields(Archive& archive) = 0;
};

using DriftDetectorPtr = std::unique_ptr<DriftDetector>;

/// adwin, ddm, eddm, page-hinkley, kswin, hddm-a, hddm-w.
std::vector<std::string> detector_names();
/// UsageError for a name that is none.
DriftDetectorPtr make_detector(const std::string& name, uint64_t seed = 1);

}  // namespace conclave::stream
