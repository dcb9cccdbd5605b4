/// Processor time of this process, all its threads, since a beginning: what a busy machine does not change
/// much.
#pragma once

#include <ctime>

namespace conclave {

class CpuStopwatch {
 public:
  double seconds() const { return now() - begin_; }

 private:
  static double now() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }
  double begin_ = now();
};

}  // namespace conclave
