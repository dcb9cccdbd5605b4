/// GPT-2's printable alphabet: one Unicode character for each byte, so that any bytes can stand in a JSON
/// file.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace conclave {

/// The character of each byte.
const std::array<char32_t, 256>& byte_alphabet();

/// `bytes` spelled in the alphabet.
std::string to_byte_alphabet(std::string_view bytes);

/// The bytes that `spelled` stands for; empty when a character is not of the alphabet.
std::optional<std::string> from_byte_alphabet(std::string_view spelled);

}  // namespace conclave
