#include "framework/text/byte_alphabet.h"

#include "framework/text/utf8.h"

namespace conclave {
namespace {

bool stands_for_itself(int byte) {
  return (byte >= '!' && byte <= '~') || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
}

}  // namespace

const std::array<char32_t, 256>& byte_alphabet() {
  static const auto alphabet = [] {
    std::array<char32_t, 256> result{};
    char32_t next = 256;
    for (int byte = 0; byte < 256; ++byte)
      result[byte] = stands_for_itself(byte) ? static_cast<char32_t>(byte) : next++;
    return result;
  }();
  return alphabet;
}

std::string to_byte_alphabet(std::string_view bytes) {
  std::string spelled;
  spelled.reserve(bytes.size() * 2);
  for (const char byte : bytes) append_utf8(spelled, byte_alphabet()[static_cast<uint8_t>(byte)]);
  return spelled;
}

std::optional<std::string> from_byte_alphabet(std::string_view spelled) {
  static const auto byte_of = [] {
    std::array<int, 512> result;
    result.fill(-1);
    for (int byte = 0; byte < 256; ++byte) result[byte_alphabet()[byte]] = byte;
    return result;
  }();
  std::string bytes;
  for (size_t at = 0; at < spelled.size();) {
    const auto step = next_utf8(spelled, at);
    if (step.kind != Utf8Step::kValid) return std::nullopt;
    const char32_t character = code_point(spelled, at, step.length);
    if (character >= byte_of.size() || byte_of[character] < 0) return std::nullopt;
    bytes += static_cast<char>(byte_of[character]);
    at += step.length;
  }
  return bytes;
}

}  // namespace conclave
