/// How a text is cut into the pieces inside which byte pairs may merge.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "framework/text/regex.h"

namespace conclave {

/// The pattern of GPT-2, which a ByteLevel step uses.
extern const std::string kGpt2Pattern;

/// One step of a pre-tokenizer, under the names of the `tokenizers` library.
struct SplitStep {
  enum class Behavior { kRemoved, kIsolated, kMergedWithPrevious, kMergedWithNext, kContiguous };
  enum class Kind { kSplitRegex, kSplitString, kDigits, kMetaspace, kByteLevel };
  enum class Prepend { kNever, kFirst, kAlways };
  Kind kind = Kind::kByteLevel;
  std::string pattern;  ///< of a split; the mark of kMetaspace
  Behavior behavior = Behavior::kIsolated;
  bool invert = false;             ///< the pattern names what lies between the matches
  bool individual_digits = false;  ///< of kDigits
  bool add_prefix_space = false;   ///< of kByteLevel: a piece that begins with another character gets a space
  Prepend prepend = Prepend::kNever;  ///< of kMetaspace: where the mark is put in front
  bool prepend_doubles = false;       ///< of kMetaspace: in front even of a mark, as SentencePiece does
  bool split_spaces = true;           ///< of kMetaspace: cut before each mark
  bool use_regex = false;             ///< of kByteLevel: cut by GPT-2's pattern
};

/// The steps one after another. Safe to share between threads.
class PreTokenizer {
 public:
  PreTokenizer() = default;
  /// Throws UsageError for a pattern that does not compile.
  explicit PreTokenizer(std::vector<SplitStep> steps);

  const std::vector<SplitStep>& steps() const { return steps_; }

  /// The pieces of `text` in order; broken UTF-8 forms pieces of its own. `at_start`: nothing stands before
  /// it.
  std::vector<std::string> split(std::string_view text, bool at_start = true) const;

 private:
  std::vector<SplitStep> steps_;
  std::vector<std::vector<Regex>> regexes_;  // none or one a step
};

}  // namespace conclave
