#include "apps/common/json_lines.h"

#include <cerrno>
#include <cstring>

#include "framework/base/error.h"
#include "framework/base/file.h"

namespace conclave {
namespace fs = std::filesystem;
namespace {

// Bytes up to and with the last newline.
size_t whole_lines(const std::string& bytes) {
  return bytes.rfind('\n') + 1;
}  // npos + 1 == 0

}  // namespace

JsonLines::JsonLines() : file_(stdout) {}

JsonLines::JsonLines(const fs::path& file) : name_(file.string()) {
  if (fs::exists(file)) {
    const std::string bytes = read_file(file);
    if (whole_lines(bytes) != bytes.size()) fs::resize_file(file, whole_lines(bytes));
  }
  owned_.reset(std::fopen(file.c_str(), "ab"));
  file_ = owned_.get();
  require(file_ != nullptr, "{}: cannot be opened for writing: {}", name_, std::strerror(errno));
}

void JsonLines::emit(const Json& line) {
  // A label in a foreign encoding must not end the run: bad bytes become U+FFFD.
  const std::string text = line.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  require(std::fwrite(text.data(), 1, text.size(), file_) == text.size() && std::fflush(file_) == 0,
          "{}: cannot be written: {}", name_, std::strerror(errno));
}

void JsonLines::write(const Json& line) {
  const std::lock_guard guard(lock_);
  emit(line);
}

void JsonLines::write_at(int64_t index, const Json& line) {
  const std::lock_guard guard(lock_);
  waiting_.emplace(index, line);
  for (auto first = waiting_.begin(); first != waiting_.end() && first->first == next_; ++next_) {
    emit(first->second);
    first = waiting_.erase(first);
  }
}

Json error_line(const Json& id, const std::exception& error) {
  Json line = Json::object();
  if (!id.is_null()) line["id"] = id;
  Json& about = line["error"];
  const auto* data = dynamic_cast<const DataError*>(&error);
  about["kind"] = data ? "data" : dynamic_cast<const UsageError*>(&error) ? "usage" : "other";
  const std::string message = error.what();
  about["message"] = message.substr(0, message.find('\n'));
  if (data) {
    about["file"] = data->file();
    if (!data->where().empty()) about["where"] = data->where();
  }
  return line;
}

std::string id_text(const Json& id) {
  return id.is_string() ? id.get<std::string>() : id.dump();
}

std::unordered_set<std::string> resume_lines(const fs::path& file, const std::string& key) {
  std::unordered_set<std::string> ids;
  if (!fs::exists(file)) return ids;
  const std::string bytes = read_file(file);
  const std::string_view text = std::string_view(bytes).substr(0, whole_lines(bytes));
  std::string kept;
  int64_t number = 0;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = text.find('\n', begin);
    const auto line = text.substr(begin, end - begin);
    begin = end + 1;
    ++number;
    if (line.empty()) continue;
    const Json parsed = Json::parse(line, nullptr, false);
    if (!parsed.is_object())
      throw DataError(file.string(), fmt::format("line {}", number), "is not a JSON object");
    if (parsed.contains("error")) continue;
    if (parsed.contains(key)) ids.insert(id_text(parsed[key]));
    kept.append(line).append("\n");
  }
  if (kept.size() != bytes.size()) write_file(file, kept);
  return ids;
}

}  // namespace conclave
