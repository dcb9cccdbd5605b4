/// Byte-pair encoding (Sennrich et al. 2016), over bytes (Radford et al. 2019) or over characters.
#pragma once

#include <utility>

#include "framework/text/vocabulary.h"

namespace conclave {

/// A vocabulary and its merges in order of rank. Immutable, safe to share between threads.
class Bpe : public Vocabulary {
 public:
  struct Options {
    std::string unknown;         ///< token for what the vocabulary lacks; empty = that is an error
    bool ignore_merges = false;  ///< a piece that is a token as a whole is not taken apart (Llama 3)
    bool characters = false;     ///< pieces begin as characters spelled as they are, not as bytes
    bool byte_fallback = false;  ///< of characters: one that the vocabulary lacks becomes its bytes, "<0x0A>"
    bool fuse_unknown = false;   ///< of characters: neighbours that are unknown become one token
  };
  using Merges = std::vector<std::pair<std::string, std::string>>;

  Bpe() = default;
  /// `tokens` stand at their id, over bytes spelled in the byte alphabet; an empty string is an id without
  /// token. Throws UsageError that names a merge whose parts or whole are not tokens.
  Bpe(std::vector<std::string> tokens, Merges merges, Options options);
  /// SentencePiece's kind, over characters: any two neighbours may merge whose whole has a score, the highest
  /// score first. A token without score is never made by merging.
  Bpe(std::vector<std::string> tokens, const std::vector<std::optional<float>>& scores, Options options);

  /// Appends the ids of one piece.
  void encode(std::string_view piece, std::vector<int64_t>& ids) const;

  const Merges& merges() const { return merges_; }
  const Options& options() const { return options_; }

 private:
  struct Merge {
    int64_t rank, id;
  };
  struct Key {
    int64_t left, right;
    bool operator==(const Key&) const = default;
  };
  struct KeyHash {
    size_t operator()(const Key& k) const {
      return static_cast<size_t>((static_cast<uint64_t>(k.left) << 32 | static_cast<uint64_t>(k.right)) *
                                     0x9e3779b97f4a7c15ull >>
                                 13);
    }
  };
  void find_symbols();
  const Merge* find_merge(int64_t left, int64_t right) const;
  std::vector<int64_t> byte_symbols(std::string_view piece) const;
  std::vector<int64_t> character_symbols(std::string_view piece) const;

  Merges merges_;
  std::unordered_map<Key, Merge, KeyHash> merge_of_;
  ByteIds byte_ids_ = {};  // of bytes in the alphabet, or of those that characters fall back to
  int64_t unknown_id_ = -1;
  Options options_;
};

}  // namespace conclave
