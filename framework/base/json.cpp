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

void check_json_depth(std::string_view text, const std::string& name) {
  constexpr int kDeepest = 500;
  int depth = 0;
  bool quoted = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"') {
      quoted = !quoted;
    } else if (quoted) {
      if (c == '\\') ++i;
    } else if (c == '[' || c == '{') {
      if (++depth > kDeepest)
        throw DataError(name, fmt::format("offset {}", i),
                        fmt::format("is nested deeper than {} levels", kDeepest));
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
}

Json parse_json(std::string_view text, const std::string& name) {
  check_json_depth(text, name);
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
