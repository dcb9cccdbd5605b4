// conclave-stream run and resume: test-then-train over a stream, with a live line.
#include <fmt/format.h>

#include <optional>

#include "apps/stream/control.h"
#include "apps/stream/learner_flags.h"
#include "apps/stream/session.h"
#include "apps/stream/source_flags.h"
#include "apps/stream/verbs.h"
#include "framework/base/error.h"
#include "models/stream/io/kafka_url.h"

namespace conclave {
namespace fs = std::filesystem;
namespace {

class RunVerb : public Verb {
 public:
  std::string name() const override { return "run"; }
  std::string summary() const override { return "Predict each row of a stream, then learn it"; }
  std::string examples() const override {
    return "  conclave-stream run elecNormNew.arff\n"
           "  zcat rows.csv.gz | conclave-stream run - --learner hoeffding-tree --label kind --json\n"
           "  conclave-stream run --generator sea --function 1,2 --positions 50000 --rows 100000\n"
           "  conclave-stream run rows.csv --snapshot run.snap --predictions predictions.csv\n"
           "  conclave-stream run 'kafka://broker/rows?group=a' --snapshot a.snap --predictions "
           "kafka://broker/said";
  }
  void declare(Options& options) override {
    source_.declare(options);
    learner_.declare(options);
    options.add("rows", plan_.run.rows, "Rows to stop after; 0 for all").letter('n').at_least(0);
    options.add("delay", plan_.run.delay, "Rows until a label arrives").at_least(0);
    options
        .add("delay-spread", plan_.run.spread, "Rows that a label's delay may differ by, drawn for each row")
        .at_least(0);
    options.add("chunk", plan_.run.chunk, "Rows that are tested together, and then learned together")
        .at_least(0);
    options.add("labels", plan_.run.labels, "Share of the labels that arrive (semi-supervised)").range(0, 1);
    options.add("warm", plan_.run.warm, "Rows at the beginning whose labels all arrive").at_least(0);
    options.add("every", plan_.run.every, "Rows between two points of the curves").at_least(1);
    options.add("block", plan_.run.block, "Rows at a time; changes the speed alone").range(1, 65536);
    options.add("predictions", plan_.predictions,
                "File for row, class and prediction as CSV, - for stdout, or kafka://BROKER/TOPIC");
    options.add("snapshot", plan_.snapshot, "File that the run can be resumed from");
    options.add("moa-csv", plan_.moa_csv, "Also write the curve in MOA's columns");
    options.add("capymoa", plan_.capymoa, "Also write CapyMOA's three result files into this folder");
    options.add("control", plan_.control,
                fmt::format("Obey commands on stdin, a line each: {}", kControlHelp));
    options.add("snapshot-every", plan_.snapshot_every, "Rows between two snapshots").at_least(1);
  }
  int run(Invocation& call) override {
    make_plan(call);
    return StreamSession(plan_, call).run();
  }
  int dry_run(Invocation& call) override {
    make_plan(call);
    fmt::print("{}\n", StreamSession(plan_, call).dry_run());
    return 0;
  }

 private:
  void make_plan(const Invocation& call) {
    source_.set_regression(learner_.regression());
    plan_.source = source_.config();
    plan_.learner = learner_.config();
    plan_.seed = plan_.run.seed = call.common().seed;
    require<UsageError>(plan_.run.chunk == 0 || (plan_.run.delay == 0 && plan_.run.spread == 0),
                        "--chunk: labels arrive with their chunk, not after --delay");
    require<UsageError>(!plan_.control || plan_.snapshot.empty(),
                        "--control: what was commanded cannot be gone on with by a resume from --snapshot");
    require<UsageError>(!plan_.control || plan_.source.value("file", "") != "-",
                        "--control: stdin brings the rows, so commands cannot come there");
    const bool others = !plan_.moa_csv.empty() || !plan_.capymoa.empty();
    require<UsageError>(!others || plan_.snapshot.empty(),
                        "--snapshot: --moa-csv and --capymoa cannot be gone on with by a resume");
    require<UsageError>(!others || !learner_.regression(),
                        "--moa-csv and --capymoa have columns for classes, not for numbers");
    require<UsageError>(plan_.predictions != "-" || !call.json(), "--predictions -: stdout has the --json");
    if (!plan_.predictions.empty() && plan_.predictions != "-" && !stream::is_kafka(plan_.predictions))
      plan_.predictions = fs::absolute(plan_.predictions).string();
  }

  SourceFlags source_;
  LearnerFlags learner_;
  SessionPlan plan_;
};

class ResumeVerb : public Verb {
 public:
  std::string name() const override { return "resume"; }
  std::string summary() const override { return "Go on from a snapshot, as if the run had never stopped"; }
  std::string examples() const override {
    return "  conclave-stream resume run.snap\n"
           "  conclave-stream resume run.snap --rows 2000000";
  }
  void declare(Options& options) override {
    options
        .positional("snapshot", snapshot_,
                    "File that run --snapshot wrote; a file is read from its beginning, a topic from where "
                    "it was left")
        .required()
        .existing();
    options
        .add("rows", rows_,
             "Rows to stop after, those before the snapshot too; 0 for all; otherwise the run's")
        .letter('n')
        .at_least(0);
  }
  int run(Invocation& call) override {
    StreamSession session({}, call);
    session.resume(snapshot_, rows_);
    return session.run();
  }

 private:
  fs::path snapshot_;
  std::optional<int64_t> rows_;
};

}  // namespace

std::unique_ptr<Verb> make_run_verb() {
  return std::make_unique<RunVerb>();
}
std::unique_ptr<Verb> make_resume_verb() {
  return std::make_unique<ResumeVerb>();
}

}  // namespace conclave
