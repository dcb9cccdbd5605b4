/// JSON as nlohmann/json, with parse errors turned into DataError.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace conclave {

/// Keys keep the order in which they were written.
using Json = nlohmann::ordered_json;

/// Parses `text`; throws DataError that names `name` and the byte where it broke.
Json parse_json(std::string_view text, const std::string& name);

/// Reads a whole JSON file of at most `limit` bytes; throws DataError.
Json read_json(const std::filesystem::path& path, size_t limit = size_t{256} << 20);

}  // namespace conclave
