// conclave-stream run and resume: test-then-train over a stream, with a live line.
#include "apps/stream/session.h"
#include "apps/stream/source_flags.h"
#include "apps/stream/verbs.h"
#include "framework/base/error.h"
#include "models/stream/io/kafka_url.h"
#include "models/stream/learners/learner.h"

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
    options.add("learner", learner_, "What learns").choices(stream::learner_names());
    options.add("task", task_, "Whether the label is a class or a number; auto goes by the learner")
        .choices({"auto", "classification", "regression"});
    options.add("set", set_, "An option of the learner, key=value; repeat it for more");
    options.add("memory", memory_, "Bytes that the learner may take; 0: its default").at_least(0);
    options.add("rows", plan_.run.rows, "Rows to stop after; 0 for all").letter('n').at_least(0);
    options.add("delay", plan_.run.delay, "Rows until a label arrives").at_least(0);
    options.add("every", plan_.run.every, "Rows between two points of the curves").at_least(1);
    options.add("block", plan_.run.block, "Rows at a time; changes the speed alone").range(1, 65536);
    options.add("predictions", plan_.predictions,
                "File for row, class and prediction as CSV, or kafka://BROKER/TOPIC");
    options.add("snapshot", plan_.snapshot, "File that the run can be resumed from");
    options.add("snapshot-every", plan_.snapshot_every, "Rows between two snapshots").at_least(1);
  }
  int run(Invocation& call) override {
    plan_.source = source_.config();
    plan_.learner = learner_config();
    if (plan_.source.contains("reader"))
      plan_.source["reader"]["regression"] =
          task_ == "regression" || (task_ == "auto" && stream::only_regresses(learner_));
    plan_.seed = call.common().seed;
    if (!plan_.predictions.empty() && !stream::is_kafka(plan_.predictions))
      plan_.predictions = fs::absolute(plan_.predictions).string();
    return StreamSession(plan_, call).run();
  }

 private:
  // {"learner": name} and the --set words, whose values are JSON or words.
  Json learner_config() const {
    Json config = {{"learner", learner_}};
    if (memory_ > 0) config["memory"] = memory_;
    for (const auto& word : set_) {
      const size_t equals = word.find('=');
      require<UsageError>(equals != std::string::npos && equals > 0, "--set: '{}' is no key=value", word);
      const Json value = Json::parse(word.substr(equals + 1), nullptr, false);
      config[word.substr(0, equals)] = value.is_discarded() ? Json(word.substr(equals + 1)) : value;
    }
    return config;
  }

  SourceFlags source_;
  std::string learner_ = "moe", task_ = "auto";
  std::vector<std::string> set_;
  int64_t memory_ = 0;
  SessionPlan plan_;
};

class ResumeVerb : public Verb {
 public:
  std::string name() const override { return "resume"; }
  std::string summary() const override { return "Go on from a snapshot, as if the run had never stopped"; }
  std::string examples() const override { return "  conclave-stream resume run.snap"; }
  void declare(Options& options) override {
    options
        .positional("snapshot", snapshot_,
                    "File that run --snapshot wrote; a file is read from its beginning, a topic from where "
                    "it was left")
        .required()
        .existing();
  }
  int run(Invocation& call) override {
    StreamSession session({}, call);
    session.resume(snapshot_);
    return session.run();
  }

 private:
  fs::path snapshot_;
};

}  // namespace

std::unique_ptr<Verb> make_run_verb() {
  return std::make_unique<RunVerb>();
}
std::unique_ptr<Verb> make_resume_verb() {
  return std::make_unique<ResumeVerb>();
}

}  // namespace conclave
