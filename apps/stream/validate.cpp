// conclave-stream validate: several learners side by side, by distributed cross-validation.
#include <fmt/format.h>

#include "apps/stream/learner_flags.h"
#include "apps/stream/source_flags.h"
#include "apps/stream/statistics.h"
#include "apps/stream/verbs.h"
#include "framework/base/error.h"
#include "framework/base/progress.h"
#include "framework/base/signals.h"
#include "models/stream/eval/folds.h"

namespace conclave {
namespace {

class ValidateVerb : public Verb {
 public:
  std::string name() const override { return "validate"; }
  std::string summary() const override {
    return "Mean and deviation over learners that get different rows of one stream";
  }
  std::string examples() const override {
    return "  conclave-stream validate elecNormNew.arff --folds 10 --scheme split --learner arf";
  }
  void declare(Options& options) override {
    source_.declare(options);
    learner_.declare(options);
    options.add("folds", folds_, "Learners").range(2, 1000);
    options
        .add("scheme", scheme_,
             "cross: a row tests one learner and trains the others; split: it trains one and tests the "
             "others; bootstrap: it tests all and trains each Poisson(1) times")
        .choices({"cross", "split", "bootstrap"});
    options.add("rows", rows_, "Rows to stop after; 0 for all").letter('n').at_least(0);
  }
  int run(Invocation& call) override {
    source_.set_regression(learner_.regression());
    const auto source = source_.open(rows_);
    std::vector<stream::LearnerPtr> learners;
    for (int f = 0; f < folds_; ++f)
      learners.push_back(stream::make_learner(
          learner_.config(), {source->schema(), call.common().seed + static_cast<uint64_t>(f), 1}));
    stream::FoldOptions options;
    options.scheme = scheme_ == "cross"   ? stream::FoldScheme::cross
                     : scheme_ == "split" ? stream::FoldScheme::split
                                          : stream::FoldScheme::bootstrap;
    options.rows = rows_;
    options.seed = call.common().seed;
    options.threads = call.common().thread_count();
    call.begin();
    Progress bar("stream validate", rows_, "rows");
    int64_t shown = 0;
    options.on_progress = [&](int64_t rows) {
      bar.advance(rows - shown);
      shown = rows;
      return !interrupted();
    };
    const auto evaluations = stream::run_folds(*source, learners, options);
    throw_if_interrupted();
    Json line = {{"instances", shown}, {"scheme", scheme_}}, folds = Json::array();
    std::string words;
    const std::vector<std::string> measures = learners[0]->regression()
                                                  ? std::vector<std::string>{"mae", "rmse", "r2"}
                                                  : std::vector<std::string>{"accuracy", "kappa"};
    for (const auto& evaluation : evaluations) {
      Json fold = {{"rows", evaluation.rows()}};
      fold.update(learners[0]->regression() ? evaluation.numbers.cumulative().to_json()
                                            : evaluation.classes.cumulative().to_json());
      folds.push_back(std::move(fold));
    }
    for (const auto& measure : measures) {
      std::vector<double> values;
      for (const Json& fold : folds)
        if (fold[measure].is_number()) values.push_back(fold[measure]);
      const Spread s = spread(values);
      line[measure + "_mean"] = s.mean;
      line[measure + "_deviation"] = s.deviation;
      words += fmt::format("  {} {:.4f} +- {:.4f}", measure, s.mean, s.deviation);
    }
    call.history().metric(measures[0], shown, line[measures[0] + "_mean"]);
    line["folds"] = std::move(folds);
    if (call.json())
      call.out().write(line);
    else
      fmt::print("{} rows, {} learners ({}):{}\n", shown, folds_, scheme_, words);
    return 0;
  }

 private:
  SourceFlags source_;
  LearnerFlags learner_;
  int folds_ = 10;
  std::string scheme_ = "cross";
  int64_t rows_ = 0;
};

}  // namespace

std::unique_ptr<Verb> make_validate_verb() {
  return std::make_unique<ValidateVerb>();
}

}  // namespace conclave
