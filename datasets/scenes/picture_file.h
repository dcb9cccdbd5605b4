/// Scene pictures as PNG files.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

namespace conclave::scenes {

/// RGB rows of a 400 x 100 PNG; throws DataError for anything else.
std::vector<uint8_t> read_picture(const std::filesystem::path& path);
/// Writes RGB rows of 400 x 100 pixels.
void write_picture(const std::filesystem::path& path, std::span<const uint8_t> rgb);

}  // namespace conclave::scenes
