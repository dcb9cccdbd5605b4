// Whether a history is sound, and building anew what can be built.
#include <SQLiteCpp/SQLiteCpp.h>

#include "framework/base/crc32c.h"
#include "framework/history/curves.h"
#include "framework/history/guard.h"
#include "framework/history/schema.h"
#include "framework/history/summary.h"

namespace conclave {
namespace {

using Statement = SQLite::Statement;

constexpr size_t kMostFaults = 100;

// Damage of one kind ends that question, not the others.
template <class Body>
void look(std::vector<std::string>& found, const std::string& what, const Body& body) {
  try {
    body();
  } catch (const SQLite::Exception& e) {
    found.push_back(fmt::format("{}: {}", what, e.what()));
  } catch (const Error& e) {
    found.push_back(fmt::format("{}: {}", what, e.what()));
  }
}

}  // namespace

std::vector<std::string> Store::check() const {
  std::vector<std::string> found;
  const auto add = [&](std::string text) {
    if (found.size() < kMostFaults) found.push_back(std::move(text));
  };
  look(found, "pages and indices", [&] {
    Statement rows(*db_, "PRAGMA integrity_check");
    while (rows.executeStep())
      if (std::string text = rows.getColumn(0).getString(); text != "ok") add(std::move(text));
  });
  look(found, "references", [&] {
    Statement rows(*db_, "PRAGMA foreign_key_check");
    while (rows.executeStep())
      add(fmt::format("a row of {} refers to nothing in {}", rows.getColumn(0).getString(),
                      rows.getColumn(2).getString()));
  });
  look(found, "curves", [&] {
    Statement rows(*db_,
                   "SELECT run, name, chunk, n, step0, stride, steps, seconds, vals, crc FROM metric_chunk "
                   "JOIN metric_key ON metric_key.id = metric_chunk.key");
    while (rows.executeStep()) {
      const std::string where = fmt::format("run {}: points from {} of '{}'", rows.getColumn(0).getInt64(),
                                            rows.getColumn(2).getInt64() * static_cast<int64_t>(kChunkPoints),
                                            rows.getColumn(1).getString());
      try {
        read_chunk(rows, 3);
      } catch (const Error& e) {
        add(fmt::format("{}: {}", where, e.what()));
        continue;
      }
      const auto sum = maybe(rows.getColumn(9));
      if (sum && *sum != crc32c(blob(rows.getColumn(8)),
                                crc32c(blob(rows.getColumn(7)), crc32c(blob(rows.getColumn(6))))))
        add(where + " are not what was written");
    }
  });
  look(found, "last values", [&] {
    Statement rows(
        *db_,
        "SELECT run, name FROM metric_last JOIN metric_key ON metric_key.id = key WHERE n <> (SELECT sum(n) "
        "FROM metric_chunk WHERE metric_chunk.run = metric_last.run AND metric_chunk.key = metric_last.key)");
    while (rows.executeStep())
      add(fmt::format("run {}: points of '{}' are missing", rows.getColumn(0).getInt64(),
                      rows.getColumn(1).getString()));
  });
  if (!read_only_)
    look(found, "words to search",
         [&] { db_->exec("INSERT INTO search (search) VALUES ('integrity-check')"); });
  return found;
}

void Store::rebuild() {
  guarded(path_, [&] {
    SQLite::Transaction transaction(*db_, SQLite::TransactionBehavior::IMMEDIATE);
    db_->exec("REINDEX; DELETE FROM metric_outline; INSERT INTO search (search) VALUES ('rebuild')");
    outline_full_chunks(*db_);
    Statement runs(*db_, "SELECT id FROM run");
    while (runs.executeStep()) refresh_search(*db_, runs.getColumn(0).getInt64());
    transaction.commit();
  });
}

}  // namespace conclave
