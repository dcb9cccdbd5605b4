/// Bytes as letters.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace conclave {

std::string to_base64(std::string_view bytes);
/// The bytes; empty when `text` is no base64 with its padding.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace conclave
