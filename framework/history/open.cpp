// Opening a history: pragmas, migrations, refusing places where SQLite's locks do not hold.
#include <SQLiteCpp/SQLiteCpp.h>
#include <sqlite3.h>

#include <chrono>
#include <cstdlib>
#include <thread>

#include "framework/base/error.h"
#include "framework/base/log.h"
#include "framework/base/paths.h"
#include "framework/history/guard.h"
#include "framework/history/machine.h"
#include "framework/history/schema.h"
#include "framework/history/store.h"

namespace conclave {
namespace fs = std::filesystem;
namespace {

constexpr int kReadBusyMs = 5000;
// A Store is used by one thread at a time: SQLite need not lock for every value.
constexpr int kFlags = SQLITE_OPEN_NOMUTEX;
// At most this much memory, so that a list looked at again comes from there; negative means KiB.
constexpr int kCacheKiB = -32768;

// Switching to WAL needs the file alone for a moment and does not always honour the busy timeout: tried
// again.
void use_wal(SQLite::Database& db, int busy_ms) {
  const int64_t deadline = now_ms() + busy_ms;
  while (true) {
    try {
      db.execAndGet("PRAGMA journal_mode = WAL");
      return;
    } catch (const SQLite::Exception& e) {
      const bool busy = e.getErrorCode() == SQLITE_BUSY || e.getErrorCode() == SQLITE_LOCKED;
      if (!busy || now_ms() >= deadline) throw;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  }
}

// The index beside the database could not be made as large as it must be.
bool is_full(const SQLite::Exception& e) {
  return e.getErrorCode() == SQLITE_FULL || e.getExtendedErrorCode() == SQLITE_IOERR_SHMSIZE;
}

// Nothing stands in the log that the database does not have.
bool all_is_in_the_file(const fs::path& path) {
  std::error_code missing;
  const auto size = fs::file_size(path.string() + "-wal", missing);
  return missing || size == 0;
}

}  // namespace

fs::path Store::default_path() {
  if (const char* named = std::getenv("CONCLAVE_HISTORY"); named && *named) return expand_user(named);
  return data_home() / "history.db";
}

Store Store::open(const fs::path& path, int busy_ms) {
  const std::string network = network_filesystem(path.string());
  require(network.empty(),
          "{}: is on a network file system ({}), where SQLite's locks do not hold; name a local file with "
          "--history "
          "or CONCLAVE_HISTORY",
          path.string(), network);
  return guarded(path, [&] {
    if (path.has_parent_path()) {
      std::error_code ignored;
      fs::create_directories(path.parent_path(), ignored);
    }
    auto db = std::make_unique<SQLite::Database>(
        path.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE | kFlags, busy_ms);
    use_wal(*db, busy_ms);
    db->exec(fmt::format("PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON; PRAGMA cache_size = {}",
                         kCacheKiB));
    migrate(*db);
    Store store(path, std::move(db), false);
    store.import_spooled();
    store.sweep();
    return store;
  });
}

Store Store::open_read_only(const fs::path& path) {
  require(fs::exists(path), "{}: there is no history yet", path.string());
  return guarded(path, [&] {
    auto db = std::make_unique<SQLite::Database>(path.string(), SQLite::OPEN_READONLY | kFlags, kReadBusyMs);
    try {
      db->execAndGet("SELECT count(*) FROM sqlite_master");
    } catch (const SQLite::Exception& e) {
      // WAL needs files beside the database; where they cannot be made, nobody writes either.
      const bool no_place = e.getErrorCode() == SQLITE_CANTOPEN || e.getErrorCode() == SQLITE_READONLY;
      if (!no_place && !(is_full(e) && all_is_in_the_file(path))) throw;
      db = std::make_unique<SQLite::Database>("file:" + path.string() + "?immutable=1",
                                              SQLite::OPEN_READONLY | SQLite::OPEN_URI | kFlags, kReadBusyMs);
    }
    db->exec(fmt::format("PRAGMA cache_size = {}", kCacheKiB));
    const int version = db->execAndGet("PRAGMA user_version").getInt();
    if (db->execAndGet("PRAGMA application_id").getInt() != kApplicationId)
      throw DataError(path.string(), "", "is not a history");
    refuse_newer(*db);
    require(version == kSchemaVersion,
            "{}: has schema {} and cannot be brought to {} here: it is not writable", path.string(), version,
            kSchemaVersion);
    return Store(path, std::move(db), true);
  });
}

std::optional<Store> Store::open_existing(const fs::path& path) {
  std::error_code ignored;
  if (!fs::exists(path, ignored) && !fs::exists(path.string() + ".spool", ignored)) return std::nullopt;
  try {
    return open(path);
  } catch (const DataError&) {
    throw;  // damaged: looking would not help
  } catch (const Error& e) {
    Store seen = open_read_only(path);
    log_warning("{} (looking only)", e.what());
    return seen;
  }
}

Store::Store(fs::path path, std::unique_ptr<SQLite::Database> db, bool read_only)
    : path_(std::move(path)), db_(std::move(db)), read_only_(read_only) {}
Store::Store(Store&&) noexcept = default;
Store& Store::operator=(Store&&) noexcept = default;
Store::~Store() = default;

}  // namespace conclave
