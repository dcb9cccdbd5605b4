/// Counts and probability mass by layer x expert x modality, cheap enough to be always on.
#pragma once

#include <map>

#include "framework/moe/layer.h"
#include "framework/moe/routing_log.h"

namespace conclave {

class Trace {
 public:
  /// Totals of one site. Row-major [modality][expert]; experts include the null experts, which come last.
  struct Totals {
    int experts = 0;                  ///< with nulls
    std::vector<int64_t> count;       ///< slots
    std::vector<double> weight;       ///< routing weight
    std::vector<double> probability;  ///< full softmax mass, where it was recorded
    std::vector<int64_t> tokens;      ///< [modality], valid tokens
    std::vector<int64_t> dropped;     ///< [expert], slots lost to capacity
  };

  /// modality may be empty: all tokens are then text.
  void add(Site site, int experts, RoutingView view, std::span<const int8_t> modality);
  void add(const Record& record);
  const std::map<Site, Totals>& sites() const { return sites_; }
  void merge(const Trace& other);
  void clear() { sites_.clear(); }
  /// {"<site>": {"text": [load of each expert, sums to 1], "vision": [...]}}, modalities without tokens left
  /// out.
  Json loads() const;

 private:
  std::map<Site, Totals> sites_;
};

}  // namespace conclave
