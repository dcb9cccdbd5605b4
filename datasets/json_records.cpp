#include "datasets/json_records.h"

#include <fstream>

#include "framework/base/error.h"
#include "framework/base/json_problem.h"

namespace conclave {
namespace {

constexpr size_t kLineLimit = size_t{64} << 20;

}  // namespace

void JsonRecord::fail(const std::string& what) const {
  throw DataError(file_, where_, what);
}

const Json& JsonRecord::at(const char* key) const {
  if (!has(key)) fail(fmt::format("'{}' is missing", key));
  return json_.at(key);
}

std::string JsonRecord::text(const char* key) const {
  const Json& value = at(key);
  if (!value.is_string()) fail(fmt::format("'{}' is not a string", key));
  return value.get<std::string>();
}

int64_t JsonRecord::integer(const char* key) const {
  const Json& value = at(key);
  if (!value.is_number_integer()) fail(fmt::format("'{}' is not a whole number", key));
  return value.get<int64_t>();
}

std::vector<std::string> JsonRecord::texts(const char* one, const char* many) const {
  if (has(one) && has(many)) fail(fmt::format("has both '{}' and '{}'", one, many));
  if (has(one)) return {text(one)};
  std::vector<std::string> all;
  if (!has(many)) return all;
  const Json& list = json_.at(many);
  if (!list.is_array()) fail(fmt::format("'{}' is not a list", many));
  for (const auto& item : list) {
    if (!item.is_string()) fail(fmt::format("'{}' holds something that is not a string", many));
    all.push_back(item.get<std::string>());
  }
  return all;
}

std::string JsonRecord::id(const char* key) const {
  const Json& value = at(key);
  if (value.is_number_integer()) return value.dump();
  if (!value.is_string()) fail(fmt::format("'{}' is neither a string nor a whole number", key));
  return value.get<std::string>();
}

bool read_record_line(std::istream& in, std::string& line, const std::string& file, int64_t number) {
  line.clear();
  auto& bytes = *in.rdbuf();
  constexpr int kEnd = std::char_traits<char>::eof();
  int c;
  while ((c = bytes.sbumpc()) != kEnd) {
    if (c == '\n') return true;
    line += static_cast<char>(c);
    if (line.size() <= kLineLimit) continue;
    while (c != kEnd && c != '\n') c = bytes.sbumpc();
    throw DataError(file, fmt::format("line {}", number), fmt::format("is longer than {} bytes", kLineLimit));
  }
  return !line.empty();
}

Json parse_record(const std::string& line, const std::string& file, const std::string& where) {
  Json json;
  try {
    check_json_depth(line, file);
    json = Json::parse(line);
  } catch (const DataError&) {
    throw DataError(file, where, "is nested too deep");
  } catch (const nlohmann::json::exception& e) {
    throw DataError(file, where, json_problem(e));
  }
  if (!json.is_object()) throw DataError(file, where, "is not a JSON object");
  return json;
}

void for_each_json_line(const std::filesystem::path& path,
                        const std::function<void(const JsonRecord&)>& visit) {
  const std::string file = path.string();
  std::ifstream in(path, std::ios::binary);
  if (!in || std::filesystem::is_directory(path)) throw DataError(file, "", "no such file");
  std::string line;
  for (int64_t number = 1; read_record_line(in, line, file, number); ++number) {
    if (line.find_first_not_of(" \t\r") == line.npos) continue;
    const std::string where = fmt::format("line {}", number);
    const Json json = parse_record(line, file, where);
    visit(JsonRecord(json, file, where));
  }
}

void for_each_entry(const Json& array, const std::string& file, const std::string& name,
                    const std::function<void(const JsonRecord&)>& visit) {
  if (!array.is_array()) throw DataError(file, "", fmt::format("has no list of {}s", name));
  int64_t number = 0;
  for (const auto& entry : array) {
    const std::string where = fmt::format("{} {}", name, ++number);
    if (!entry.is_object()) throw DataError(file, where, "is not a JSON object");
    visit(JsonRecord(entry, file, where));
  }
}

}  // namespace conclave
