/// What is done to a text before it is cut.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "framework/text/char_map.h"
#include "framework/text/regex.h"
#include "framework/text/utf8.h"

namespace conclave {

/// One step of a normalizer, under the names of the `tokenizers` library.
struct NormalStep {
  enum class Kind { kForm, kLowercase, kPrepend, kReplaceString, kReplaceRegex, kStrip, kCharMap };
  Kind kind = Kind::kForm;
  UnicodeForm form = UnicodeForm::kNfc;
  std::string pattern, content;             ///< of a replacement; content also of kPrepend
  bool left = true, right = true;           ///< of kStrip
  std::shared_ptr<const CharMap> map = {};  ///< of kCharMap
  bool longest = false;                     ///< of kCharMap: SentencePiece's way, not that of `tokenizers`
};

/// The steps one after another. Safe to share between threads.
class Normalizer {
 public:
  Normalizer() = default;
  /// Throws UsageError for a pattern that does not compile.
  explicit Normalizer(std::vector<NormalStep> steps);

  const std::vector<NormalStep>& steps() const { return steps_; }
  std::string apply(std::string_view text) const;

 private:
  std::vector<NormalStep> steps_;
  std::vector<std::vector<Regex>> regexes_;  // none or one a step
};

}  // namespace conclave
