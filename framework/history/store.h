/// The history: one SQLite file with every run. Runs are written by RunWriter; here they are found and read.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "framework/base/json.h"
#include "framework/history/filter.h"
#include "framework/history/points.h"

namespace SQLite {
class Database;
class Statement;
}  // namespace SQLite

namespace conclave {

struct MetricSummary {
  std::string name, unit;
  std::string goal;          ///< "min", "max" or ""
  int64_t step = 0;          ///< of the last value
  double last = 0;           ///< may be NaN
  double low = 0, high = 0;  ///< of the finite values; NaN when there are none
  int64_t n = 0, nonfinite = 0;
};

struct RunParam {
  std::string key;
  Json value;
  std::string source;  ///< "flag (--steps)", "default", ...
};

/// What a list of runs shows; reads no curves, and of the parameters those that were asked for.
struct RunSummary {
  int64_t id = 0;
  std::string uuid, name, experiment, app, verb;
  std::string status;  ///< queued, running, finished, failed, cancelled, lost
  std::string message;
  int64_t started_ms = 0;
  std::optional<int64_t> finished_ms, heartbeat_ms, exit_code, deleted_ms;
  std::vector<std::string> tags;
  std::vector<MetricSummary> metrics;  ///< by name
  std::vector<RunParam> params;        ///< by key

  /// To the end, or to the last sign of life.
  double seconds() const;
  const MetricSummary* metric(const std::string& name) const;
  const RunParam* param(const std::string& key) const;
};

struct RunArtifact {
  std::string sha256, kind, path;
  std::string direction;  ///< "input" or "output"
  int64_t size = 0;
};
struct RunEvent {
  int64_t time_ms = 0;
  std::optional<int64_t> step;
  std::string level, text;
};

/// A run that words were found in.
struct SearchHit {
  int64_t run = 0;
  std::string excerpt;  ///< found words stand in [brackets]
};

/// What one run made and another used.
struct LineageLink {
  int64_t from = 0;          ///< the run that made it; 0: none in this history
  int64_t to = 0;            ///< the run that used it; 0: none yet
  std::string kind;          ///< of the file; "run" when `to` continues `from`
  std::string path, sha256;  ///< empty for "run"
};

struct RunDetail : RunSummary {
  std::vector<std::string> argv;
  std::string folder, version, git_sha, seed, host, parent, note;
  int64_t pid = 0;
  Json machine;
  std::vector<RunArtifact> artifacts;
  std::vector<RunEvent> events;
};

/// Where tokens went in one place of the model in one reporting interval.
struct RoutingRow {
  int64_t step = 0;
  std::string split, site, modality;
  int64_t tokens = 0;
  std::vector<uint32_t> counts;   ///< [expert], slots
  std::vector<float> prob_sums;   ///< [expert], probability mass; may be empty
  std::vector<uint32_t> dropped;  ///< [expert], slots lost to capacity; may be empty
};

/// Not thread-safe: one Store per thread. Any number of processes may have the same file open.
class Store {
 public:
  /// data_home()/history.db, or CONCLAVE_HISTORY.
  static std::filesystem::path default_path();

  /// Opens or makes the database, brings it up to date, takes in what was spooled and marks dead runs as
  /// lost. Throws Error on a network file system, and when it cannot be written or is damaged (DataError).
  /// Waits `busy_ms` for another process that writes.
  static Store open(const std::filesystem::path& path, int busy_ms = 5000);
  /// For looking only; also a database in a place that cannot be written. Error when there is none.
  static Store open_read_only(const std::filesystem::path& path);
  /// open(), or else open_read_only() with a warning; nullopt when there is no history yet.
  static std::optional<Store> open_existing(const std::filesystem::path& path);

  Store(Store&&) noexcept;
  Store& operator=(Store&&) noexcept;
  ~Store();
  const std::filesystem::path& path() const { return path_; }
  bool read_only() const { return read_only_; }

  /// Newest first. Of the metrics only those named in `metrics`, when it is given: 200 metrics of 10,000 runs
  /// are two million values. Of the parameters those in `params`.
  std::vector<RunSummary> list(const RunFilter& filter = {},
                               const std::optional<std::vector<std::string>>& metrics = std::nullopt,
                               const std::vector<std::string>& params = {}) const;
  /// The names of all parameters of these runs, growing.
  std::vector<std::string> param_keys(std::span<const int64_t> runs) const;
  int64_t count(const RunFilter& filter = {}) const;
  /// The id of a run from its number, the beginning of its uuid, its name (the newest), or "last". UsageError
  /// when there is none or more than one.
  int64_t find(const std::string& reference) const;
  std::optional<int64_t> find_uuid(const std::string& uuid) const;
  std::optional<std::string> uuid_of(int64_t run) const;
  RunDetail show(int64_t run) const;
  /// Runs with all of these words (or words that begin so) in their names, notes, tags and parameters, best
  /// first.
  std::vector<SearchHit> search(const std::string& words, int64_t limit) const;
  /// Every tag with how many runs have it, by name.
  std::vector<std::pair<std::string, int64_t>> tags() const;
  /// Where the inputs of `run` came from, and where those of the runs that made them did; files that no run
  /// made are links from 0.
  std::vector<LineageLink> made_from(int64_t run) const;
  /// What used the outputs of `run`, and what used theirs.
  std::vector<LineageLink> used_by(int64_t run) const;
  /// Every point of one metric; empty when the run has none.
  Series series(int64_t run, const std::string& metric) const;
  /// The points from `from` on (an index), for curves that grow.
  Series series_from(int64_t run, const std::string& metric, int64_t from) const;
  /// Points [from, to) of a curve as about `columns` buckets in their order: what a screen shows. A curve of
  /// a million points is read as quickly as a short one.
  std::vector<Bucket> outline(int64_t run, const std::string& metric, int64_t columns, int64_t from = 0,
                              int64_t to = INT64_MAX) const;
  /// The index of the first point at `step` or behind it, in a curve whose steps grow.
  int64_t point_at(int64_t run, const std::string& metric, int64_t step) const;
  /// The splits that a run recorded routing of, in order of their names.
  std::vector<std::string> routing_splits(int64_t run) const;
  /// Steps with routing, growing.
  std::vector<int64_t> routing_steps(int64_t run, const std::string& split) const;
  std::vector<RoutingRow> routing(int64_t run, const std::string& split, int64_t step) const;
  /// One place of the model at every step, growing.
  std::vector<RoutingRow> routing_over_steps(int64_t run, const std::string& split, const std::string& site,
                                             const std::string& modality) const;
  /// Runs that have this file as an input or output.
  std::vector<int64_t> runs_with_artifact(const std::string& sha256) const;
  /// Changes when another connection has written: cheap to poll.
  int64_t data_version() const;

  void set_name(int64_t run, const std::string& name);
  void set_note(int64_t run, const std::string& text);
  void add_tag(int64_t run, const std::string& tag);
  void remove_tag(int64_t run, const std::string& tag);
  /// Into the bin, and back.
  void set_deleted(int64_t run, bool deleted);
  /// Removes runs for good, with everything of theirs.
  void purge(std::span<const int64_t> runs);
  /// Gives the space of removed runs back to the file system.
  void compact();
  /// What is wrong with the file, SQLite's own checks and the sums of every curve; empty when all is well.
  std::vector<std::string> check() const;
  /// Builds indices, outlines and the words to search anew from what they are made of.
  void rebuild();

  /// Running runs whose process is dead, or of an earlier boot, become `lost`; returns how many. Silence
  /// alone is no sign, and runs of other machines are left alone.
  int sweep();
  /// Takes in spool files of dead writers; returns how many.
  int import_spooled();
  /// Takes in one spool file, also one from elsewhere; false when its run is still writing it.
  bool import_file(const std::filesystem::path& file);
  /// Records, and behind them points of `run` (a uuid), in one transaction; see record.h. A record that is
  /// none is skipped with a warning.
  void record(std::span<const Json> records, const std::string& run = "", const Curves& curves = {});

  /// The connection, for what belongs to the history but not here: the queue.
  SQLite::Database& database() const { return *db_; }

 private:
  Store(std::filesystem::path path, std::unique_ptr<SQLite::Database> db, bool read_only);
  int64_t points(int64_t run, const std::string& metric) const;
  void update(const char* sql, int64_t run, const std::string& text, bool words);
  std::filesystem::path path_;
  std::unique_ptr<SQLite::Database> db_;
  bool read_only_;
};

}  // namespace conclave
