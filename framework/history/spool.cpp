#include "framework/history/spool.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "framework/base/error.h"
#include "framework/base/log.h"
#include "framework/base/paths.h"
#include "framework/history/machine.h"
#include "framework/history/record.h"

namespace conclave {
namespace fs = std::filesystem;
namespace {

constexpr int kFormat = 1;

// The first line of a spool file; null when it is none.
Json read_header(std::istream& in) {
  std::string line;
  std::getline(in, line);
  Json header = Json::parse(line, nullptr, false);
  const bool known = header.is_object() && header.contains("history") && header.contains("id") &&
                     header["id"].is_string() && header.value("format", 0) == kFormat;
  return known ? header : Json();
}

fs::path folder_beside(const fs::path& database) {
  return database.string() + ".spool";
}
fs::path folder_elsewhere() {
  return state_home() / "spool";
}

fs::path real_path(const fs::path& path) {
  std::error_code failure;
  const fs::path found = fs::weakly_canonical(path, failure);
  return failure ? path : found;
}

void write_all(int file, std::string_view bytes, const fs::path& path) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(file, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    require(n > 0, "{}: cannot be written: {}", path.string(), std::strerror(errno));
    bytes.remove_prefix(static_cast<size_t>(n));
  }
}

}  // namespace

Spool::Spool(const fs::path& database, const std::string& run) {
  std::string why;
  for (const fs::path& folder : {folder_beside(database), folder_elsewhere()}) {
    std::error_code failure;
    fs::create_directories(folder, failure);
    path_ = folder / fmt::format("{}-{}.jsonl", run, new_uuid().substr(0, 8));
    file_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (file_ < 0) {
      why = fmt::format("{}: {}", path_.string(), std::strerror(errno));
      continue;
    }
    ::flock(file_, LOCK_EX);
    try {
      write_all(
          file_,
          Json{{"history", real_path(database).string()}, {"format", kFormat}, {"id", new_uuid()}}.dump() +
              "\n",
          path_);
      return;
    } catch (const Error& e) {
      why = e.what();
      ::unlink(path_.c_str());
      ::close(file_);
      file_ = -1;
    }
  }
  throw Error(why);
}

Spool::~Spool() {
  if (file_ >= 0) ::close(file_);  // gives the lock back
}

void Spool::write(std::span<const Json> records) {
  std::string lines;
  for (const Json& record : records)
    lines += record.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  write_all(file_, lines, path_);
}

std::vector<fs::path> spool_files(const fs::path& database) {
  std::vector<fs::path> files;
  const std::string wanted = real_path(database).string();
  for (const fs::path& folder : {folder_beside(database), folder_elsewhere()}) {
    std::error_code failure;
    for (const auto& entry : fs::directory_iterator(folder, failure)) {
      if (entry.path().extension() != ".jsonl") continue;
      std::ifstream in(entry.path());
      const Json header = read_header(in);
      // What lies beside the database is its own, even after both were moved.
      if (!header.is_null() && (folder == folder_beside(database) || header["history"] == wanted))
        files.push_back(entry.path());
    }
  }
  return files;
}

bool import_spool(SQLite::Database& db, const fs::path& file) {
  const int handle = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (handle < 0) return false;
  const std::shared_ptr<void> closer(nullptr, [handle](void*) { ::close(handle); });
  if (::flock(handle, LOCK_EX | LOCK_NB) != 0) return false;

  std::ifstream in(file);
  const Json header = read_header(in);
  if (header.is_null()) throw DataError(file.string(), "line 1", "is not the head of a spool file");

  SQLite::Transaction transaction(db, SQLite::TransactionBehavior::IMMEDIATE);
  SQLite::Statement once(db, "INSERT OR IGNORE INTO spool_imported (name, time_ms) VALUES (?, ?)");
  once.bind(1, header["id"].get<std::string>());
  once.bind(2, now_ms());
  if (once.exec() == 1) {
    Recorder recorder(db);
    std::string line;
    for (int64_t number = 2; std::getline(in, line); ++number) {
      const Json record = Json::parse(line, nullptr, false);
      try {
        recorder.apply(record);
      } catch (const Error& e) {
        // A crash cuts the last line; anything else is worth a word.
        if (!in.eof()) log_warning("{}: line {} is skipped: {}", file.string(), number, e.what());
      }
    }
    recorder.finish();
  }
  transaction.commit();
  ::unlink(file.c_str());
  std::error_code ignored;
  fs::remove(file.parent_path(), ignored);  // when it was the last one
  return true;
}

}  // namespace conclave
