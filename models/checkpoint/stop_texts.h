/// Watches a growing text for the first of some texts that end it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace conclave {

class StopTexts {
 public:
  /// Throws UsageError for an empty text.
  explicit StopTexts(std::vector<std::string> stops);

  /// What may be shown now: nothing that could be the beginning of a stop, and nothing from a stop on.
  std::string push(std::string_view more);
  /// What was held back, when no stop came.
  std::string finish();
  bool found() const { return found_; }

 private:
  std::vector<std::string> stops_;
  std::string held_;
  bool found_ = false;
};

}  // namespace conclave
