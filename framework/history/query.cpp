#include "framework/history/query.h"

#include <SQLiteCpp/Database.h>
#include <sqlite3.h>

#include <algorithm>
#include <memory>
#include <string_view>

#include "framework/base/error.h"
#include "framework/base/signals.h"
#include "framework/base/stopwatch.h"
#include "framework/history/record.h"

namespace conclave {
namespace {

constexpr int kLongestValue = 64 << 20;  // so that replicating a text in SQL does not take all memory
constexpr int kShownBytes = 32;

// Pragmas that only tell something. `data_version` is what full-text search asks for itself.
bool tells_only(std::string_view pragma) {
  constexpr std::string_view known[] = {"table_info",       "table_xinfo",   "table_list",
                                        "index_list",       "index_info",    "index_xinfo",
                                        "foreign_key_list", "database_list", "data_version"};
  return std::find(std::begin(known), std::end(known), pragma) != std::end(known);
}

int authorize(void*, int action, const char* first, const char* second, const char*, const char*) {
  switch (action) {
    case SQLITE_SELECT:
    case SQLITE_READ:
    case SQLITE_RECURSIVE:
      return SQLITE_OK;
    case SQLITE_FUNCTION:
      return second && std::string_view(second) == "load_extension" ? SQLITE_DENY : SQLITE_OK;
    case SQLITE_PRAGMA:
      return tells_only(first) ? SQLITE_OK : SQLITE_DENY;
    default:
      return SQLITE_DENY;
  }
}

struct Clock {
  Stopwatch watch;
  double seconds = 0;
  bool late() const { return watch.seconds() > seconds; }
};
int over(void* clock) {
  return interrupted() || static_cast<Clock*>(clock)->late();
}

// The connection as it was before, whatever happens.
class Fence {
 public:
  Fence(sqlite3* db, Clock& clock) : db_(db), length_(sqlite3_limit(db, SQLITE_LIMIT_LENGTH, kLongestValue)) {
    sqlite3_set_authorizer(db, authorize, nullptr);
    sqlite3_progress_handler(db, 1000, over, &clock);
  }
  ~Fence() {
    sqlite3_progress_handler(db_, 0, nullptr, nullptr);
    sqlite3_set_authorizer(db_, nullptr, nullptr);
    sqlite3_limit(db_, SQLITE_LIMIT_LENGTH, length_);
  }
  Fence(const Fence&) = delete;
  Fence& operator=(const Fence&) = delete;

 private:
  sqlite3* db_;
  int length_;
};

Json value(sqlite3_stmt* row, int i) {
  const auto bytes = [&] {
    return std::string_view(static_cast<const char*>(sqlite3_column_blob(row, i)),
                            static_cast<size_t>(sqlite3_column_bytes(row, i)));
  };
  switch (sqlite3_column_type(row, i)) {
    case SQLITE_INTEGER:
      return sqlite3_column_int64(row, i);
    case SQLITE_FLOAT:
      return number_to_json(sqlite3_column_double(row, i));
    case SQLITE_TEXT:
      return std::string(bytes());
    case SQLITE_BLOB: {
      const std::string_view all = bytes();
      std::string hex;
      for (const char c : all.substr(0, kShownBytes)) hex += fmt::format("{:02x}", static_cast<uint8_t>(c));
      return {{"bytes", all.size()}, {"hex", hex}};
    }
    default:
      return nullptr;
  }
}

}  // namespace

bool query(const Store& store, const std::string& sql, const QueryLimits& limits,
           const std::function<void(const std::vector<std::string>&)>& head,
           const std::function<void(const std::vector<Json>&)>& row) {
  sqlite3* const db = store.database().getHandle();
  // The tables of full-text search are opened before the fence stands: opening them asks for more.
  // So are those that pragmas give their answers in.
  sqlite3_exec(db, "SELECT 1 FROM search, pragma_table_info('run'), pragma_table_list WHERE rowid = 0",
               nullptr, nullptr, nullptr);
  Clock clock{{}, limits.seconds};
  const Fence fence(db, clock);
  sqlite3_stmt* raw = nullptr;
  const char* rest = nullptr;
  const int prepared = sqlite3_prepare_v2(db, sql.c_str(), -1, &raw, &rest);
  const std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)> statement(raw, sqlite3_finalize);
  if (prepared == SQLITE_AUTH)
    throw UsageError(fmt::format("the history is only looked at: {} ({})", sqlite3_errmsg(db), sql));
  require<UsageError>(prepared == SQLITE_OK, "{} ({})", sqlite3_errmsg(db), sql);
  require<UsageError>(raw != nullptr, "a SELECT is wanted");
  require<UsageError>(std::string_view(rest).find_first_not_of(" \t\r\n;") == std::string_view::npos,
                      "one statement is wanted, and behind it stands '{}'", rest);
  require<UsageError>(sqlite3_stmt_readonly(raw), "the history is only looked at ({})", sql);

  const int columns = sqlite3_column_count(raw);
  std::vector<std::string> names;
  for (int i = 0; i < columns; ++i) names.emplace_back(sqlite3_column_name(raw, i));
  head(names);
  std::vector<Json> values(static_cast<size_t>(columns));
  for (int64_t n = 0;; ++n) {
    const int code = sqlite3_step(raw);
    if (code == SQLITE_DONE) return true;
    if (code == SQLITE_INTERRUPT) {
      throw_if_interrupted();
      throw Error(fmt::format("the query took longer than {:g} s ({})", limits.seconds, sql));
    }
    require(code == SQLITE_ROW, "{} ({})", sqlite3_errmsg(db), sql);
    if (n == limits.rows) return false;
    for (int i = 0; i < columns; ++i) values[static_cast<size_t>(i)] = value(raw, i);
    row(values);
  }
}

}  // namespace conclave
