#include "framework/text/vocabulary.h"

#include <algorithm>

#include "framework/base/error.h"

namespace conclave {
namespace {

std::optional<int> hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return std::nullopt;
}

}  // namespace

Vocabulary::Vocabulary(std::vector<std::string> tokens) : tokens_(std::move(tokens)) {
  id_of_.reserve(tokens_.size());
  for (size_t id = 0; id < tokens_.size(); ++id) {
    if (tokens_[id].empty()) continue;
    const auto [at, fresh] = id_of_.emplace(tokens_[id], static_cast<int64_t>(id));
    require<UsageError>(fresh, "vocabulary: '{}' has the ids {} and {}", tokens_[id], at->second, id);
  }
}

std::optional<int64_t> Vocabulary::id_of(const std::string& spelled) const {
  const auto found = id_of_.find(spelled);
  if (found == id_of_.end()) return std::nullopt;
  return found->second;
}

std::string byte_piece(uint8_t byte) {
  return fmt::format("<0x{:02X}>", byte);
}

std::optional<uint8_t> byte_of_piece(std::string_view spelled) {
  if (spelled.size() != 6 || !spelled.starts_with("<0x") || spelled[5] != '>') return std::nullopt;
  const auto high = hex_digit(spelled[3]), low = hex_digit(spelled[4]);
  if (!high || !low) return std::nullopt;
  return static_cast<uint8_t>(*high << 4 | *low);
}

ByteIds byte_piece_ids(const Vocabulary& vocabulary) {
  ByteIds ids;
  for (size_t byte = 0; byte < ids.size(); ++byte)
    ids[byte] = vocabulary.id_of(byte_piece(static_cast<uint8_t>(byte))).value_or(-1);
  return ids;
}

bool append_byte_pieces(const ByteIds& byte_ids, std::string_view character, std::vector<int64_t>& ids) {
  const auto id = [&](char byte) { return byte_ids[static_cast<uint8_t>(byte)]; };
  if (!std::all_of(character.begin(), character.end(), [&](char byte) { return id(byte) >= 0; }))
    return false;
  for (const char byte : character) ids.push_back(id(byte));
  return true;
}

}  // namespace conclave
