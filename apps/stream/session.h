/// One run over a stream, from its beginning or from a snapshot.
#pragma once

#include <filesystem>
#include <optional>

#include "apps/common/verb.h"
#include "apps/stream/confusion_table.h"
#include "apps/stream/predictions.h"
#include "apps/stream/result_files.h"
#include "models/stream/eval/run.h"
#include "models/stream/io/text_source.h"

namespace conclave {

/// All that decides what comes out; a snapshot carries it as JSON.
struct SessionPlan {
  Json source;   ///< {"file", "reader": {...}} or {"generator": {...}}
  Json learner;  ///< for stream::make_learner
  uint64_t seed = 0;
  stream::RunOptions run;
  std::filesystem::path snapshot;  ///< empty: none is written
  int64_t snapshot_every = 100000;
  std::string predictions;                 ///< for open_predictions; empty: none are written
  std::filesystem::path moa_csv, capymoa;  ///< for ResultFiles; a snapshot does not carry them
  bool control = false;                    ///< commands come on stdin, see ControlledSource

  Json to_json() const;
  static SessionPlan from_json(const Json& json);
  /// "elec.arff", "sea".
  std::string stream_name() const;
};

class StreamSession {
 public:
  StreamSession(SessionPlan plan, Invocation& call) : plan_(std::move(plan)), call_(call) {}
  /// Goes on where `snapshot` was taken, to the end that the run had or after `rows` rows. Call before run().
  void resume(const std::filesystem::path& snapshot, std::optional<int64_t> rows);
  /// Returns the exit code.
  int run();
  /// Opens what run() would open, learns nothing and writes nothing; says what it found.
  std::string dry_run();

 private:
  void check();
  void open(const Json& position = nullptr);
  void open_predictions(int64_t keep);
  void skip_learned_rows();
  void write_predictions(const stream::RowBlock& block, const double* votes);
  bool progress(const stream::RunState& now);
  void obey_commands();
  void tell_standing();
  void tell_trees();
  Json trees() const;
  void count_votes(const stream::RowBlock& block, const double* votes);
  void save(const stream::RunState& now);
  Json record(const stream::RunState& state, bool last) const;
  const stream::ReadCounts* counts() const;
  void report_rows() const;
  void print(const Json& last) const;

  SessionPlan plan_;
  Invocation& call_;
  stream::SourcePtr source_;
  stream::TextSource* text_ = nullptr;    // source_, when it reads text
  stream::KafkaSource* kafka_ = nullptr;  // source_, when it reads a topic
  stream::LearnerPtr learner_;
  stream::RunState state_;
  ConfusionTable confusion_;  // also of the rows before a snapshot
  std::unique_ptr<Predictions> predictions_;
  int64_t first_row_ = 0, last_snapshot_ = 0;
  int first_classes_ = 0;  // that were known before the first row
  std::optional<ResultFiles> result_files_;
  double seconds_ = 0, counted_seconds_ = 0, snapshot_seconds_ = 0;
  double ram_hours_ = 0;        // gigabytes times hours
  Json events_, routing_;       // since the last record
  Json asked_ = Json::array();  // drifts that commands brought since then
};

}  // namespace conclave
