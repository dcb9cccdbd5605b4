/// One run of a table: a learner on a stream with a seed.
#pragma once

#include <map>
#include <tuple>

#include "apps/common/json_lines.h"
#include "apps/stream/table.h"

namespace conclave {

/// What the run is, in so many digits: runs are the same when these are.
std::string cell_plan(const TableStream& stream, const TableLearner& learner);

/// Runs it: scores, speed and memory; for a file also "right", which rows were right (hex_of_bits).
Json run_cell(const TableStream& stream, const TableLearner& learner, uint64_t seed);

/// Runs that are done, as JSON lines in a file that grows. Thread-safe.
class CellResults {
 public:
  /// Keeps nothing when `file` is empty. DataError when a line is none of ours.
  explicit CellResults(const std::filesystem::path& file);
  /// Null when there is none, or one of another plan.
  Json find(const std::string& stream, const std::string& learner, uint64_t seed,
            const std::string& plan) const;
  void add(const Json& result);

 private:
  std::unique_ptr<JsonLines> out_;
  std::map<std::tuple<std::string, std::string, uint64_t>, Json> done_;
};

/// Lines with "stream", "learner", "seed" and "accuracy" or "mae", as other programs
/// (scripts/stream-table-peers) write them. DataError names the line.
std::vector<Json> read_results(const std::filesystem::path& file);

}  // namespace conclave
