/// Gathers how often each expert was chosen over the micro-batches of an optimiser step, for the routers'
/// after_step().
#pragma once

#include <map>
#include <span>

#include "framework/moe/router.h"
#include "framework/moe/routing_log.h"

namespace conclave {

/// One step's counts for each site. Slots lost to capacity count: they were asked for.
class StepCounts {
 public:
  void add(std::span<const Record> records);
  /// Sites that have been seen in this step.
  const std::map<int, Tensor>& sites() const { return count_E_; }
  /// The window of one site; count_E is undefined when it was not seen.
  StepWindow window(int site, int64_t step) const;
  void clear() { count_E_.clear(); }

 private:
  std::map<int, Tensor> count_E_;  // float32 [E], null experts last
};

}  // namespace conclave
