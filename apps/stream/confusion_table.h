/// How often each class was taken for which, of a bounded size however many classes come.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "framework/base/json.h"

namespace conclave {

class ConfusionTable {
 public:
  /// Classes that are counted apart; later ones are counted together.
  static constexpr int kMostCounted = 64;
  /// Classes that to_json() tells apart: the most frequent ones, and the others as one.
  static constexpr int kMostTold = 16;

  void add(int label, int predicted);
  /// {"classes": [...], "counts": [true class][predicted class]}; "others": true where the last class stands
  /// for all others. `names` by class; one without a name is told by its number.
  Json to_json(const std::vector<std::string>& names) const;
  /// All counts, for a snapshot.
  Json state() const { return counts_; }
  /// Throws Error for what is no such state.
  void set_state(const Json& state);

 private:
  std::vector<std::vector<int64_t>> counts_;  // [true][predicted], square
};

}  // namespace conclave
