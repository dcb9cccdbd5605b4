#include "framework/base/json.h"

#include "framework/base/error.h"
#include "framework/base/file.h"
#include "framework/base/json_problem.h"

namespace conclave {

std::string json_problem(const nlohmann::json::exception& error) {
  // "[json.exception.parse_error.101] parse error at line 1, column 5: syntax error ..."
  std::string text = error.what();
  if (const size_t end = text.find("] "); text.starts_with('[') && end != text.npos) text.erase(0, end + 2);
  const auto* parse = dynamic_cast<const nlohmann::json::parse_error*>(&error);
  if (!parse) return "not valid JSON: " + text;
  if (const size_t end = text.find(": "); text.starts_with("parse error") && end != text.npos)
    text.erase(0, end + 2);
  return "not valid JSON at byte " + std::to_string(parse->byte) + ": " + text;
}

Json parse_json(std::string_view text, const std::string& name) {
  try {
    return Json::parse(text);
  } catch (const nlohmann::json::parse_error& e) {
    throw DataError(name, fmt::format("offset {}", e.byte), json_problem(e));
  } catch (const nlohmann::json::exception& e) {  // a number out of range comes as another kind
    throw DataError(name, "", json_problem(e));
  }
}

Json read_json(const std::filesystem::path& path, size_t limit) {
  return parse_json(read_file(path, limit), path.string());
}

}  // namespace conclave
