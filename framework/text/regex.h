/// Unicode regular expressions, ^ and $ at lines as in published tokenizers: PCRE2, compiled once, safe to
/// share between threads.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace conclave {

class Regex {
 public:
  struct Span {
    size_t begin, end;
  };

  /// Throws UsageError that shows the pattern and where it is wrong.
  explicit Regex(const std::string& pattern);

  const std::string& pattern() const { return pattern_; }

  /// The matches of the pattern from left to right, none overlapping; an empty match does not
  /// stand right behind another. Broken UTF-8 never matches.
  std::vector<Span> find_all(std::string_view text) const;

 private:
  std::string pattern_;
  std::shared_ptr<void> code_;
};

/// The places of a plain string, from left to right, none overlapping; none of an empty one.
std::vector<Regex::Span> find_string(std::string_view text, std::string_view wanted);

}  // namespace conclave
