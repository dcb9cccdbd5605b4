#include "models/ultrasound/report/audit.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>

#include "framework/base/error.h"
#include "framework/base/file.h"
#include "framework/base/sha256.h"

namespace conclave::ultrasound {
namespace {

const std::string kNone(64, '0');
constexpr std::string_view kHashKey = ",\"hash\":\"";

struct Line {
  std::string text;  ///< without its end
  bool whole = true;
};

std::vector<Line> lines_of(const std::string& bytes) {
  std::vector<Line> lines;
  for (size_t begin = 0; begin < bytes.size();) {
    const size_t end = bytes.find('\n', begin);
    const bool whole = end != std::string::npos;
    lines.push_back({bytes.substr(begin, whole ? end - begin : std::string::npos), whole});
    begin = whole ? end + 1 : bytes.size();
  }
  return lines;
}

// The hash that a line says and that its bytes have; both empty when it is no record.
std::pair<std::string, std::string> hashes_of(const std::string& line) {
  const size_t at = line.rfind(kHashKey);
  if (at == std::string::npos || line.size() != at + kHashKey.size() + 64 + 2 || !line.ends_with("\"}"))
    return {};
  return {line.substr(at + kHashKey.size(), 64), sha256(line.substr(0, at))};
}

bool is_record(const std::string& line) {
  if (hashes_of(line).first.empty()) return false;
  const Json json = Json::parse(line, nullptr, false);
  if (!json.is_object() || !json.contains("n") || !json["n"].is_number_integer()) return false;
  for (const char* key : {"time", "actor", "action", "subject", "sha256", "previous", "hash"})
    if (!json.contains(key) || !json[key].is_string()) return false;
  return true;
}

/// The log, locked while it is open.
class Log {
 public:
  explicit Log(const std::filesystem::path& path)
      : name_(path.string()), file_(::open(path.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0644)) {
    check(file_ >= 0 && ::flock(file_, LOCK_EX) == 0, "opened");
  }
  ~Log() {
    if (file_ >= 0) ::close(file_);
  }
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  void append(const std::string& text) {
    size_t done = 0;
    while (done < text.size()) {
      const ssize_t wrote = ::write(file_, text.data() + done, text.size() - done);
      check(wrote > 0 || errno == EINTR, "written");
      if (wrote > 0) done += static_cast<size_t>(wrote);
    }
    check(::fsync(file_) == 0, "synced");
  }

 private:
  void check(bool done, const char* step) const {
    require(done, "{}: cannot be {}: {}", name_, step, std::strerror(errno));
  }
  std::string name_;
  int file_;
};

}  // namespace

std::string append_audit(const std::filesystem::path& path, const AuditEntry& entry) {
  Log log(path);
  const auto lines = lines_of(read_file(path));
  int64_t number = 1;
  std::string previous = kNone, torn;
  for (auto line = lines.rbegin(); line != lines.rend(); ++line) {
    if (is_record(line->text)) {
      previous = hashes_of(line->text).first;
      number = Json::parse(line->text)["n"].get<int64_t>() + 1;
      break;
    }
    torn = line->text + (torn.empty() ? "" : "\n" + torn);
  }
  // What a crash leaves has no end of line.
  if (!torn.empty() && lines.back().whole)
    throw DataError(path.string(), "", "the end of the audit log is broken; nothing is added to it");
  Json record = {{"n", number},
                 {"time", entry.time},
                 {"actor", entry.actor},
                 {"action", entry.action},
                 {"subject", entry.subject},
                 {"sha256", entry.sha256},
                 {"previous", previous}};
  if (!torn.empty()) record["after_torn"] = sha256(torn);
  std::string text = record.dump(-1, ' ', false, Json::error_handler_t::replace);
  text.pop_back();  // the closing brace
  const std::string hash = sha256(text);
  const bool ended = lines.empty() || lines.back().whole;
  log.append((ended ? "" : "\n") + text + std::string(kHashKey) + hash + "\"}\n");
  return hash;
}

void require_as_logged(const std::filesystem::path& log, const std::filesystem::path& file) {
  if (!std::filesystem::exists(log)) return;
  for (const auto& entry : check_audit(log).last)
    if (entry.subject == file.filename().string() && entry.sha256 != sha256_file(file))
      throw DataError(
          file.string(), "",
          fmt::format("is not as it was when {} at {}: it was changed by something else; `verify` "
                      "tells more, a copy of before or a new draft is what helps",
                      entry.action, entry.time));
}

AuditCheck check_audit(const std::filesystem::path& path) {
  AuditCheck check;
  check.head = kNone;
  std::map<std::string, AuditEntry> last;
  std::string torn;
  const auto lines = lines_of(read_file(path));
  for (size_t i = 0; i < lines.size(); ++i) {
    const std::string& line = lines[i].text;
    const auto wrong = [&](const std::string& what) {
      check.problems.push_back(fmt::format("line {}: {}", i + 1, what));
    };
    if (!is_record(line)) {
      // Allowed where a crash can leave it: at the very end, or right before a record that names its bytes.
      torn += (torn.empty() ? "" : "\n") + line;
      if (line.empty()) wrong("is empty");
      if (i + 1 < lines.size()) continue;
      if (lines[i].whole)
        wrong("is no record");
      else
        check.notes.push_back(fmt::format("line {} was cut off by a crash", i + 1));
      continue;
    }
    const Json record = Json::parse(line);
    const auto [said, found] = hashes_of(line);
    if (said != found) wrong("was changed: its hash is not that of its text");
    const bool names_torn = record.contains("after_torn");
    if (names_torn != !torn.empty() || (names_torn && record["after_torn"] != sha256(torn)))
      wrong("the line before it was changed, added or taken out");
    else if (names_torn)
      check.notes.push_back(fmt::format("line {} was cut off by a crash", i));
    torn.clear();
    if (record["previous"] != check.head) wrong("does not follow the line before");
    if (record["n"].get<int64_t>() != check.records + 1)
      wrong(fmt::format("is record {} where {} is expected", record["n"].get<int64_t>(), check.records + 1));
    check.head = said;
    ++check.records;
    const AuditEntry entry{record["time"], record["actor"], record["action"], record["subject"],
                           record["sha256"]};
    last[entry.subject] = entry;
  }
  for (auto& [subject, entry] : last) check.last.push_back(std::move(entry));
  return check;
}

}  // namespace conclave::ultrasound
