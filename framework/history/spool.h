/// Where a run's records go while the database cannot be reached: a file of JSON lines beside it, which the
/// next opening of the database takes in, once.
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "framework/base/json.h"

namespace SQLite {
class Database;
}

namespace conclave {

/// Holds a lock on its file as long as it lives, so that nobody takes in half a run.
class Spool {
 public:
  /// A new file in `<database>.spool/`, or where that cannot be written in state_home()/spool. Throws Error
  /// when neither can.
  Spool(const std::filesystem::path& database, const std::string& run);
  ~Spool();
  Spool(const Spool&) = delete;
  Spool& operator=(const Spool&) = delete;
  void write(std::span<const Json> records);
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  int file_ = -1;
};

/// Spool files that belong to `database`.
std::vector<std::filesystem::path> spool_files(const std::filesystem::path& database);

/// Takes `file` into `db` in one transaction and removes it; false when its run is still writing it. A file
/// that was taken in before is only removed. Broken lines are skipped with a warning; DataError when it is no
/// spool file.
bool import_spool(SQLite::Database& db, const std::filesystem::path& file);

}  // namespace conclave
