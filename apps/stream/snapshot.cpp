// conclave-stream snapshot: is a snapshot whole, and what does it hold?
#include <fmt/format.h>

#include "apps/stream/saved_learner.h"
#include "apps/stream/verbs.h"
#include "models/stream/eval/snapshot.h"

namespace conclave {
namespace {

class SnapshotVerb : public Verb {
 public:
  std::string name() const override { return "snapshot"; }
  std::string summary() const override { return "Check a snapshot and tell what it holds"; }
  std::string examples() const override {
    return "  conclave-stream run rows.csv --snapshot run.snap\n  conclave-stream snapshot run.snap --json";
  }
  bool recorded() const override { return false; }
  void declare(Options& options) override {
    options.positional("snapshot", snapshot_, "File that run --snapshot wrote").required().existing();
  }
  int run(Invocation& call) override {
    SavedLearner saved = load_learner(snapshot_, 1);
    const auto scores = saved.state.evaluation.cumulative();
    Json line = {{"version", stream::kSnapshotVersion},  {"stream", saved.plan.stream_name()},
                 {"learner", saved.plan.learner},        {"seed", saved.plan.seed},
                 {"instances", saved.state.rows},        {"inputs", saved.schema.width()},
                 {"classes", saved.schema.label.values}, {"memory_bytes", saved.learner->bytes()}};
    line.update(scores.to_json());
    if (call.json()) {
      call.out().write(line);
      return 0;
    }
    fmt::print("{}: whole, version {}\n", snapshot_.string(), stream::kSnapshotVersion);
    fmt::print("{} after {} rows of {} ({} inputs, {} classes): accuracy {:.4f}\n",
               saved.plan.learner.value("learner", ""), saved.state.rows, saved.plan.stream_name(),
               saved.schema.width(), saved.schema.classes(), scores.accuracy);
    return 0;
  }

 private:
  std::filesystem::path snapshot_;
};

}  // namespace

std::unique_ptr<Verb> make_snapshot_verb() {
  return std::make_unique<SnapshotVerb>();
}

}  // namespace conclave
