/// Byte-level byte-pair encoding (Sennrich et al. 2016; over bytes, Radford et al. 2019).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace conclave {

/// A vocabulary and its merges in order of rank. Immutable, safe to share between threads.
class Bpe {
 public:
  struct Options {
    std::string unknown;  ///< token for a byte that the vocabulary lacks; empty = such a byte is an error
    bool ignore_merges = false;  ///< a piece that is a token as a whole is not taken apart (Llama 3)
  };

  Bpe() = default;
  /// `tokens` are spelled in the byte alphabet and stand at their id; an empty string is an id without token.
  /// Throws UsageError that names a merge whose parts or whole are not tokens.
  Bpe(std::vector<std::string> tokens, std::vector<std::pair<std::string, std::string>> merges,
      Options options);

  /// Appends the ids of one piece.
  void encode(std::string_view piece, std::vector<int64_t>& ids) const;

  /// One more than the highest id.
  int64_t size() const { return static_cast<int64_t>(tokens_.size()); }
  /// The token as it is spelled in the byte alphabet; empty for an id without token.
  const std::string& spelled(int64_t id) const { return tokens_[static_cast<size_t>(id)]; }
  /// The bytes that a token stands for; a token outside the alphabet stands for its own spelling.
  const std::string& bytes(int64_t id) const { return bytes_[static_cast<size_t>(id)]; }
  std::optional<int64_t> id_of(const std::string& spelled) const;
  const std::vector<std::pair<std::string, std::string>>& merges() const { return merges_; }
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
  const Merge* find_merge(int64_t left, int64_t right) const;

  std::vector<std::string> tokens_, bytes_;
  std::unordered_map<std::string, int64_t> id_of_;
  std::vector<std::pair<std::string, std::string>> merges_;
  std::unordered_map<Key, Merge, KeyHash> merge_of_;
  int64_t byte_id_[256] = {};  // -1 = no token
  int64_t unknown_id_ = -1;
  Options options_;
};

}  // namespace conclave
