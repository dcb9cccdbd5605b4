#include "framework/base/json.h"

#include "framework/base/error.h"
#include "framework/base/file.h"

namespace conclave {

Json parse_json(std::string_view text, const std::string& name) {
  try {
    return Json::parse(text);
  } catch (const nlohmann::json::parse_error& e) {
    throw DataError(name, fmt::format("offset {}", e.byte), fmt::format("not valid JSON ({})", e.what()));
  } catch (const nlohmann::json::exception& e) {  // a number out of range comes as another kind
    throw DataError(name, "", fmt::format("not valid JSON ({})", e.what()));
  }
}

Json read_json(const std::filesystem::path& path, size_t limit) {
  return parse_json(read_file(path, limit), path.string());
}

}  // namespace conclave
