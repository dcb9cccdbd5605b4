/// Writes one run into the history while it goes on. Never stops the run: whatever is wrong with the database
/// is said once, and the records go into a spool file that the next opening takes in.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "framework/base/json.h"
#include "framework/history/store.h"

namespace conclave {

struct RunInfo {
  std::string app, verb;
  std::string name = "", experiment = "";
  std::vector<std::string> argv = {};  ///< the whole command line
  std::string version = "";
  uint64_t seed = 0;
  std::string parent = "";  ///< uuid of the run that this one continues or belongs to
  std::string commit = "";  ///< what the program was built from
};

/// Thread-safe. Calls only put records aside; a thread of its own writes them every second, so that a crash
/// loses at most that, and gives a sign of life every five.
class RunWriter {
 public:
  /// Records nothing (--no-history).
  RunWriter();
  RunWriter(const std::filesystem::path& database, const RunInfo& info);
  /// A run that was not finished is recorded as failed.
  ~RunWriter();
  RunWriter(const RunWriter&) = delete;
  RunWriter& operator=(const RunWriter&) = delete;

  /// Empty when nothing is recorded.
  const std::string& uuid() const;

  void params(std::span<const RunParam> params);
  void param(const std::string& key, const Json& value, const std::string& source = "run");
  /// goal: "min", "max" or "".
  void describe_metric(const std::string& name, const std::string& unit, const std::string& goal);
  /// Any value, NaN and infinity too; steps need not grow.
  void metric(std::string_view name, int64_t step, double value);
  /// Totals of one interval; the step and split of `rows` are ignored. Kept within 32 MB a run by dropping
  /// every second step.
  void routing(const std::string& split, int64_t step, std::span<const RoutingRow> rows);
  /// A file by its hash, which is computed here; a file that cannot be read is only warned of.
  void input(const std::filesystem::path& file, const std::string& kind);
  void output(const std::filesystem::path& file, const std::string& kind);
  void tag(const std::string& name);
  void note(const std::string& text);
  /// level: "info", "warning", "error".
  void event(const std::string& level, const std::string& text, std::optional<int64_t> step = std::nullopt);

  /// Returns when all that was said so far is written.
  void flush();
  /// status: finished, failed, cancelled. Later calls of anything do nothing.
  void finish(const std::string& status, int exit_code, const std::string& message = "");

  /// Where the records go when the database cannot be reached; empty when they go into the database.
  std::filesystem::path spool_path() const;

 private:
  struct State;
  void artifact(const std::filesystem::path& file, const std::string& kind, const char* direction);
  void add(Json record);
  std::unique_ptr<State> state_;
};

}  // namespace conclave
