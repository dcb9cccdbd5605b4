// Which runs made the inputs of a run, and which used its outputs.
#include <SQLiteCpp/SQLiteCpp.h>

#include <deque>
#include <set>

#include "framework/history/guard.h"
#include "framework/history/store.h"

namespace conclave {
namespace {

using Statement = SQLite::Statement;

std::vector<LineageLink> read_links(Statement& rows) {
  std::vector<LineageLink> links;
  while (rows.executeStep())
    links.push_back({rows.getColumn(0).getInt64(), rows.getColumn(1).getInt64(),
                     rows.getColumn(2).getString(), rows.getColumn(3).getString(),
                     rows.getColumn(4).getString()});
  return links;
}

// From run to run, each once: a file may be an input and an output of the same run.
std::vector<LineageLink> walk(SQLite::Database& db, int64_t run, const char* files, const char* runs,
                              int64_t LineageLink::*next) {
  const SQLite::Transaction moment(db);
  std::vector<LineageLink> all;
  std::set<int64_t> seen{run};
  for (std::deque<int64_t> waiting{run}; !waiting.empty(); waiting.pop_front()) {
    for (const char* sql : {files, runs}) {
      Statement rows(db, sql);
      rows.bind(1, waiting.front());
      for (auto& link : read_links(rows)) {
        const int64_t other = link.*next;
        all.push_back(std::move(link));
        if (other != 0 && seen.insert(other).second) waiting.push_back(other);
      }
    }
  }
  return all;
}

}  // namespace

std::vector<LineageLink> Store::made_from(int64_t run) const {
  return guarded(path_, [&] {
    return walk(
        *db_, run,
        "SELECT coalesce(made.run, 0), used.run, kind, used.path, sha256 FROM run_artifact AS used "
        "JOIN artifact ON artifact.id = used.artifact LEFT JOIN run_artifact AS made ON made.artifact = "
        "used.artifact AND made.direction = 'output' AND made.run <> used.run "
        "WHERE used.run = ? AND used.direction = 'input' ORDER BY used.path, made.run",
        "SELECT parent.id, run.id, 'run', '', '' FROM run JOIN run AS parent ON parent.uuid = run.parent_run "
        "WHERE run.id = ?",
        &LineageLink::from);
  });
}

std::vector<LineageLink> Store::used_by(int64_t run) const {
  return guarded(path_, [&] {
    return walk(
        *db_, run,
        "SELECT made.run, coalesce(used.run, 0), kind, made.path, sha256 FROM run_artifact AS made "
        "JOIN artifact ON artifact.id = made.artifact LEFT JOIN run_artifact AS used ON used.artifact = "
        "made.artifact AND used.direction = 'input' AND used.run <> made.run "
        "WHERE made.run = ? AND made.direction = 'output' ORDER BY made.path, used.run",
        "SELECT run.id, child.id, 'run', '', '' FROM run JOIN run AS child ON child.parent_run = run.uuid "
        "WHERE run.id = ? ORDER BY child.id",
        &LineageLink::to);
  });
}

}  // namespace conclave
