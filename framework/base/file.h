/// Whole-file reading and crash-safe writing.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace conclave {

/// The bytes of `path`; throws DataError when it cannot be read or is longer than `limit` bytes.
std::string read_file(const std::filesystem::path& path, size_t limit = size_t{1} << 32);

/// Writes to a temporary name beside `path`, syncs, renames: a crash leaves the old file or the new one.
void write_file(const std::filesystem::path& path, std::string_view bytes);

}  // namespace conclave
