/// Counts and probability mass by layer x expert x modality, cheap enough to be always on.
#pragma once

#include <map>
#include <span>
#include <vector>

#include "framework/moe/layer.h"
#include "framework/moe/routing_log.h"

namespace conclave {

/// Rows of a trace: the modalities, then one for tokens of unknown modality.
constexpr int kTraceRows = kModalities + 1;

class Trace {
 public:
  /// Totals of one site. Row-major [row][expert]; experts include the null experts, which come last.
  struct Totals {
    int experts = 0;                  ///< with nulls
    std::vector<int64_t> count;       ///< slots
    std::vector<double> weight;       ///< routing weight
    std::vector<double> probability;  ///< full softmax mass, where it was recorded
    std::vector<int64_t> tokens;      ///< [row], valid tokens
    std::vector<int64_t> dropped;     ///< [expert], slots lost to capacity
  };

  /// One pass, no allocation after a site's first. `modality` may be empty: all tokens are then text. Slots
  /// with an expert outside [0, experts) are empty. Throws Error when a site's pool changes its size.
  void add(Site site, int experts, RoutingView view, std::span<const int8_t> modality);
  /// Invalid tokens are counted nowhere. Product routers are not counted.
  void add(const Record& record);
  const std::map<Site, Totals>& sites() const { return sites_; }
  void merge(const Trace& other);
  void clear() { sites_.clear(); }
  /// {"<site>": {"text": [load of each expert, sums to 1], "vision": [...]}}, modalities without a chosen
  /// slot left out.
  Json loads() const;

 private:
  Totals& site(Site site, int experts);

  std::map<Site, Totals> sites_;
};

/// Share of the slots that each expert got, over all rows or in one; all 0 when there were none.
std::vector<double> load_of(const Trace::Totals& totals);
std::vector<double> load_of(const Trace::Totals& totals, int row);
/// Entropy of a load over its log E: 1 when even, 0 when one expert has all. 1 for a single expert.
double load_entropy(std::span<const double> load);
/// Coefficient of variation of a load: standard deviation over mean; 0 when even.
double load_cv(std::span<const double> load);
/// Experts whose load is at most `share` of an even one.
std::vector<int> dead_experts(std::span<const double> load, double share = 0);

}  // namespace conclave
