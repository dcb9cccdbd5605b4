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

// Calls `visit` for each whole line as a record of `key`.
template <class Visit>
void each_record(std::string_view bytes, const fs::path& file, const std::string& key, Visit visit) {
  int64_t number = 0;
  for (size_t begin = 0, end; (end = bytes.find('\n', begin)) != bytes.npos; begin = end + 1) {
    ++number;
    const auto line = bytes.substr(begin, end - begin);
    if (line.empty()) continue;
    const Json record = Json::parse(line, nullptr, false);
    require<UsageError>(record.is_object() && record.contains(key),
                        "{}: line {}: is no record of {}; remove the line or give another file",
                        file.string(), number, key);
    visit(line, record);
  }
}

void check_records(std::string_view bytes, const fs::path& file, const std::string& key) {
  each_record(bytes, file, key, [](std::string_view, const Json&) {});
}

}  // namespace

JsonLines::JsonLines() : file_(stdout) {}

JsonLines::JsonLines(const fs::path& file, const std::string& key) : name_(file.string()) {
  std::error_code wrong;
  if (const auto status = fs::status(file, wrong); fs::exists(status)) {
    require<UsageError>(fs::is_regular_file(status), "{}: is no ordinary file", name_);
    const std::string bytes = read_file(file);
    const std::string_view torn = std::string_view(bytes).substr(whole_lines(bytes));
    check_records(bytes, file, key);
    const std::string begin = fmt::format("{{\"{}\":", key);
    require<UsageError>(torn.starts_with(begin) || begin.starts_with(torn),
                        "{}: its last line is no record of {}; remove the line or give another file", name_,
                        key);
    if (!torn.empty()) fs::resize_file(file, whole_lines(bytes));
  }
  owned_.reset(std::fopen(file.c_str(), "ab"));
  file_ = owned_.get();
  require(file_ != nullptr, "{}: cannot be opened for writing: {}", name_, std::strerror(errno));
}

void JsonLines::emit(const Json& line) {
  // A label in a foreign encoding must not end the run: bad bytes become U+FFFD.
  const std::string text = line.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  if (std::fwrite(text.data(), 1, text.size(), file_) == text.size() && std::fflush(file_) == 0) return;
  const int cause = errno;
  throw Error(fmt::format("{}: cannot be written: {}", name_, std::strerror(cause)));
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

std::unordered_set<std::string> resume_lines(const fs::path& file, const std::string& key,
                                             const std::pair<std::string, std::string>& same) {
  std::unordered_set<std::string> ids;
  if (!fs::exists(file)) return ids;
  const std::string bytes = read_file(file);
  std::string kept;
  each_record(bytes, file, key, [&](std::string_view line, const Json& record) {
    if (record.contains("error")) return;
    const Json other = record.value(same.first, Json(same.second));
    require<UsageError>(same.first.empty() || other == same.second,
                        "{}: has answers with {} {}, not {}; give another file", file.string(), same.first,
                        other.dump(), same.second);
    ids.insert(id_text(record[key]));
    kept.append(line).append("\n");
  });
  const std::string_view torn = std::string_view(bytes).substr(whole_lines(bytes));
  if (kept.size() != whole_lines(bytes)) write_file(file, kept.append(torn));
  return ids;
}

std::unique_ptr<JsonLines> open_lines(const std::filesystem::path& file, std::string_view option,
                                      bool resume) {
  if (file.empty()) return nullptr;
  require<UsageError>(!std::filesystem::is_directory(file), "{} {}: is a folder, a file is wanted", option,
                      file.string());
  require<UsageError>(resume || !std::filesystem::exists(file), "{} {}: is there already{}", option,
                      file.string(), option == "--out" ? "; --resume goes on with it" : "");
  return std::make_unique<JsonLines>(file, "question_id");
}

}  // namespace conclave
