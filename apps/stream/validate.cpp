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
    require<UsageError>(!learner_.regression(), "validate: folds are counted for classes, not for numbers");
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
    Progress bar("stream validate", rows_, "rows");
    int64_t shown = 0;
    options.on_progress = [&](int64_t rows) {
      bar.advance(rows - shown);
      shown = rows;
      return !interrupted();
    };
    const auto evaluations = stream::run_folds(*source, learners, options);
    throw_if_interrupted();
    Json folds = Json::array();
    std::vector<double> accuracies, kappas;
    for (const auto& evaluation : evaluations) {
      const auto scores = evaluation.cumulative();
      Json fold = {{"rows", evaluation.rows()}};
      fold.update(scores.to_json());
      folds.push_back(fold);
      accuracies.push_back(scores.accuracy);
      kappas.push_back(scores.kappa);
    }
    const Spread accuracy = spread(accuracies), kappa = spread(kappas);
    call.history().metric("accuracy", shown, accuracy.mean);
    if (call.json())
      call.out().write({{"instances", shown},
                        {"scheme", scheme_},
                        {"accuracy_mean", accuracy.mean},
                        {"accuracy_deviation", accuracy.deviation},
                        {"kappa_mean", kappa.mean},
                        {"kappa_deviation", kappa.deviation},
                        {"folds", folds}});
    else
      fmt::print("{} rows, {} learners ({}): accuracy {:.4f} +- {:.4f}  kappa {:.4f} +- {:.4f}\n", shown,
                 folds_, scheme_, accuracy.mean, accuracy.deviation, kappa.mean, kappa.deviation);
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
