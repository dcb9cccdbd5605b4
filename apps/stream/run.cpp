// conclave-stream run: test-then-train over a stream, with a live line.
#include <fmt/format.h>

#include <chrono>

#include "apps/stream/source_flags.h"
#include "apps/stream/verbs.h"
#include "framework/base/error.h"
#include "framework/base/log.h"
#include "framework/base/progress.h"
#include "framework/base/signals.h"
#include "models/stream/eval/run.h"

namespace conclave {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

class RunVerb : public Verb {
 public:
  std::string name() const override { return "run"; }
  std::string summary() const override { return "Predict each row of a stream, then learn it"; }
  std::string examples() const override {
    return "  conclave-stream run elecNormNew.arff\n"
           "  zcat rows.csv.gz | conclave-stream run - --learner hoeffding-tree --label kind --json\n"
           "  conclave-stream run --generator sea --function 1,2 --positions 50000 --rows 100000";
  }
  void declare(Options& options) override {
    source_.declare(options);
    options.add("learner", learner_, "What learns").choices(stream::learner_names());
    options.add("set", set_, "An option of the learner, key=value; repeat it for more");
    options.add("rows", run_.rows, "Rows to stop after; 0 for all").letter('n').at_least(0);
    options.add("delay", run_.delay, "Rows until a label arrives").at_least(0);
    options.add("every", run_.every, "Rows between two points of the curves").at_least(1);
    options.add("block", run_.block, "Rows at a time; changes the speed alone").range(1, 65536);
  }
  int run(Invocation& call) override {
    auto source = source_.open(run_.rows);
    stream::LearnerContext context{source->schema(), call.common().seed, call.common().thread_count()};
    const auto learner = stream::make_learner(config(), context);
    describe_metrics(call.history());
    stream::RunState state;
    stream::RunHooks hooks;
    Progress progress("stream " + source_.name(), run_.rows, "rows");
    const auto begin = Clock::now();
    int64_t shown = 0;
    hooks.on_progress = [&](const stream::RunState& now) {
      const auto all = now.evaluation.cumulative(), recent = now.evaluation.windowed();
      progress.note(fmt::format("accuracy {:.4f}  last 1000 {:.4f}", all.accuracy, recent.accuracy));
      progress.advance(now.rows - shown);
      shown = now.rows;
      call.history().metric("accuracy", now.rows, all.accuracy);
      call.history().metric("window/accuracy", now.rows, recent.accuracy);
      call.history().metric("window/kappa", now.rows, recent.kappa);
      call.history().metric("memory_bytes", now.rows, static_cast<double>(learner->bytes()));
      for (const auto& event : learner->take_events()) call.history().event("info", event, now.rows);
      if (call.json()) call.out().write(record(now, *learner, seconds_since(begin), false));
      return !interrupted();
    };
    stream::run_prequential(*source, *learner, run_, state, hooks);
    const double seconds = seconds_since(begin);
    report_rows(call);
    const Json last = record(state, *learner, seconds, true);
    for (const char* key : {"kappa", "kappa_t", "kappa_m", "g_mean", "instances_per_s"})
      if (last[key].is_number()) call.history().metric(key, state.rows, last[key].get<double>());
    if (call.json())
      call.out().write(last);
    else
      print(last);
    return interrupted() ? 130 : 0;
  }

 private:
  // {"learner": name} and the --set words, whose values are JSON or words.
  Json config() const {
    Json config = {{"learner", learner_}};
    for (const auto& word : set_) {
      const size_t equals = word.find('=');
      require<UsageError>(equals != std::string::npos && equals > 0, "--set: '{}' is no key=value", word);
      const Json value = Json::parse(word.substr(equals + 1), nullptr, false);
      config[word.substr(0, equals)] = value.is_discarded() ? Json(word.substr(equals + 1)) : value;
    }
    return config;
  }

  static void describe_metrics(RunWriter& history) {
    for (const char* name :
         {"accuracy", "window/accuracy", "window/kappa", "kappa", "kappa_t", "kappa_m", "g_mean"})
      history.describe_metric(name, "", "max");
    history.describe_metric("instances_per_s", "1/s", "max");
    history.describe_metric("memory_bytes", "B", "min");
  }

  Json record(const stream::RunState& state, const stream::Learner& learner, double seconds,
              bool last) const {
    Json line = {{"stream", source_.name()}, {"learner", learner_}, {"instances", state.rows}};
    const auto scores = state.evaluation.cumulative();
    line.update(scores.to_json());
    line["window_accuracy"] = state.evaluation.windowed().accuracy;
    line["instances_per_s"] = seconds > 0 ? static_cast<double>(state.rows) / seconds : 0;
    line["memory_bytes"] = learner.bytes();
    if (!last) return line;
    line["recall"] = scores.recall;
    line["model"] = learner.describe();
    if (const auto* counts = source_.counts())
      line["input"] = {{"skipped", counts->skipped},
                       {"unknown_values", counts->unknown_values},
                       {"not_finite", counts->not_finite},
                       {"new_classes", counts->new_classes},
                       {"first_problem", counts->first_problem}};
    return line;
  }

  void report_rows(Invocation& call) const {
    const auto* counts = source_.counts();
    if (!counts) return;
    const auto say = [&](int64_t n, const std::string& text) {
      if (n == 0) return;
      log_warning("{}", text);
      call.history().event("warning", text);
    };
    say(counts->skipped,
        fmt::format("{} broken rows were skipped; the first: {}", counts->skipped, counts->first_problem));
    say(counts->unknown_values,
        fmt::format("{} values that their columns do not have were read as missing", counts->unknown_values));
    say(counts->not_finite, fmt::format("{} infinities and NaNs were read as missing", counts->not_finite));
    say(counts->new_classes, fmt::format("{} classes appeared after the beginning", counts->new_classes));
  }

  static void print(const Json& last) {
    if (!last["accuracy"].is_number() || last["instances"] == 0) {
      fmt::print("{} rows: nothing to evaluate\n", last["instances"].get<int64_t>());
      return;
    }
    fmt::print(
        "{} rows by {}: accuracy {:.4f}  kappa {:.4f}  kappa-T {:.4f}  kappa-M {:.4f}  {:.0f} rows/s  {:.1f} "
        "MB\n",
        last["instances"].get<int64_t>(), last["learner"].get<std::string>(), last["accuracy"].get<double>(),
        last["kappa"].get<double>(), last["kappa_t"].get<double>(), last["kappa_m"].get<double>(),
        last["instances_per_s"].get<double>(), last["memory_bytes"].get<double>() / 1e6);
  }

  SourceFlags source_;
  std::string learner_ = "moe";
  std::vector<std::string> set_;
  stream::RunOptions run_;
};

}  // namespace

std::unique_ptr<Verb> make_run_verb() {
  return std::make_unique<RunVerb>();
}

}  // namespace conclave
