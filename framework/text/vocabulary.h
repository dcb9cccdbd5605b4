/// Tokens at their ids.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace conclave {

/// Immutable. An empty string is an id without token.
class Vocabulary {
 public:
  Vocabulary() = default;
  /// Throws UsageError that names a token with two ids.
  explicit Vocabulary(std::vector<std::string> tokens);

  /// One more than the highest id.
  int64_t size() const { return static_cast<int64_t>(tokens_.size()); }
  /// The token as the file spells it; empty for an id without token.
  const std::string& spelled(int64_t id) const { return tokens_[static_cast<size_t>(id)]; }
  std::optional<int64_t> id_of(const std::string& spelled) const;

 private:
  std::vector<std::string> tokens_;
  std::unordered_map<std::string, int64_t> id_of_;
};

/// How the token of one byte is spelled where characters fall back to their bytes: "<0x0A>".
std::string byte_piece(uint8_t byte);
/// The byte of such a token; empty for any other.
std::optional<uint8_t> byte_of_piece(std::string_view spelled);

/// Ids of the tokens of all bytes, -1 where there is none.
using ByteIds = std::array<int64_t, 256>;
ByteIds byte_piece_ids(const Vocabulary& vocabulary);
/// Appends the tokens of `character`'s bytes; false, and nothing, when one is missing.
bool append_byte_pieces(const ByteIds& byte_ids, std::string_view character, std::vector<int64_t>& ids);

}  // namespace conclave
