/// SentencePiece's table of how characters are rewritten: a trie (double array) and the texts that its leaves
/// stand for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace conclave {

class CharMap {
 public:
  /// What stands in place of the first `length` bytes.
  struct Match {
    size_t length;
    std::string_view text;
  };

  /// `blob` is a precompiled_charsmap. Throws UsageError when it is cut or points outside itself.
  explicit CharMap(std::string_view blob);

  const std::string& blob() const { return blob_; }

  /// Rewritten as SentencePiece does: the longest entry at each place.
  std::string longest(std::string_view text) const;
  /// Rewritten as `tokenizers` does: the shortest entry that a grapheme cluster below 6 bytes begins with
  /// takes its place, in other clusters each character's.
  std::string by_grapheme(std::string_view text) const;

 private:
  std::optional<Match> find(std::string_view text, bool longest) const;

  std::string blob_;
  std::vector<uint32_t> units_;
  std::string_view texts_;  // of blob_
};

}  // namespace conclave
