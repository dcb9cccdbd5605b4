#include "models/stream/eval/folds.h"

#include <algorithm>
#include <cmath>

#include "models/stream/base/fast_math.h"
#include "models/stream/base/poisson.h"
#include "models/stream/base/workers.h"

namespace conclave::stream {
namespace {

constexpr size_t kBlock = 256;

// What a row is for each learner.
struct Roles {
  std::vector<bool> tests;
  std::vector<int> trains;  // times
};

Roles draw(FoldScheme scheme, size_t folds, const Poisson& poisson, Random& random) {
  Roles roles{std::vector<bool>(folds, true), std::vector<int>(folds)};
  if (scheme == FoldScheme::bootstrap) {
    for (int& times : roles.trains) times = static_cast<int>(poisson.draw(random));
    return roles;
  }
  const size_t chosen = random.below(folds);
  for (size_t f = 0; f < folds; ++f) {
    roles.tests[f] = (f == chosen) == (scheme == FoldScheme::cross);
    roles.trains[f] = roles.tests[f] ? 0 : 1;
  }
  return roles;
}

void step(const RowBlock& block, const std::vector<Roles>& roles, size_t fold, Learner& learner,
          FoldEvaluation& evaluation) {
  std::vector<double> votes(static_cast<size_t>(learner.classes()));
  for (size_t i = 0; i < block.size(); ++i) {
    const double y = block.y[i];
    if (std::isnan(y)) continue;
    const double* const x = block.row(i).data();
    if (roles[i].tests[fold]) {
      learner.votes(x, votes.data());
      if (learner.regression())
        evaluation.numbers.add(y, votes[0]);
      else
        evaluation.classes.add(block.label(i), arg_max(votes.data(), learner.classes()),
                               std::max(learner.classes(), block.label(i) + 1));
    }
    if (!learner.regression() && block.label(i) >= learner.classes()) {
      learner.grow_classes(block.label(i) + 1);  // once its first row was predicted
      votes.resize(static_cast<size_t>(learner.classes()));
    }
    for (int times = 0; times < roles[i].trains[fold]; ++times) learner.learn_target(x, y, 1);
  }
}

}  // namespace

std::vector<FoldEvaluation> run_folds(Source& source, std::vector<LearnerPtr>& learners,
                                      const FoldOptions& options) {
  std::vector<FoldEvaluation> evaluations(learners.size());
  const Poisson poisson(1);
  Random random(options.seed, "folds");
  Workers workers(options.threads);
  RowBlock block;
  std::vector<Roles> roles;
  for (int64_t rows = 0; options.rows == 0 || rows < options.rows;) {
    const auto left = options.rows == 0 ? kBlock : static_cast<size_t>(options.rows - rows);
    if (source.read(block, std::min(kBlock, left)) == 0) break;
    roles.clear();
    for (size_t i = 0; i < block.size(); ++i)
      roles.push_back(draw(options.scheme, learners.size(), poisson, random));
    workers.run(static_cast<int>(learners.size()),
                [&](int f) { step(block, roles, static_cast<size_t>(f), *learners[f], evaluations[f]); });
    rows += static_cast<int64_t>(block.size());
    if (options.on_progress && !options.on_progress(rows)) break;
  }
  return evaluations;
}

}  // namespace conclave::stream
