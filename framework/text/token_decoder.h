/// From the spelling of tokens back to the bytes they stand for.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace conclave {

/// One step of a decoder, under the names of the `tokenizers` library.
struct DecodeStep {
  enum class Kind { kByteLevel, kReplace, kByteFallback, kMetaspace, kFuse, kStrip };
  Kind kind = Kind::kByteLevel;
  std::string pattern, content;  ///< of kReplace; pattern also of kMetaspace, content of kStrip
  size_t start = 0;              ///< of kStrip: how many at the beginning of the text at most
  bool prepended = true;         ///< of kMetaspace: the first token's spaces were put there by encoding
};

class TokenDecoder {
 public:
  TokenDecoder() : TokenDecoder({DecodeStep{}}) {}
  /// Throws UsageError for steps that do not decode tokens one by one: kStrip before kFuse.
  explicit TokenDecoder(std::vector<DecodeStep> steps);

  const std::vector<DecodeStep>& steps() const { return steps_; }
  /// True when added tokens are spelled like the others; over bytes they stand for themselves.
  bool spells_added() const;
  /// What a token stands for, as the `first` of a text or behind others.
  std::string bytes_of(std::string_view spelled, bool first) const;

 private:
  std::vector<DecodeStep> steps_;
};

}  // namespace conclave
