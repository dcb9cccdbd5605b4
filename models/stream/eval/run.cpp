#include "models/stream/eval/run.h"

#include <algorithm>

#include "models/stream/base/fast_math.h"

namespace conclave::stream {
namespace {

// A row is predicted when it comes, and learned when its label does, `delay` rows later.
void step_delayed(const RowBlock& block, Learner& learner, std::deque<RunState::Waiting>& waiting,
                  size_t delay, double* votes_TC) {
  for (size_t i = 0; i < block.size(); ++i) {
    const auto row = block.row(i);
    learner.votes(row.data(), votes_TC + i * learner.classes());
    waiting.push_back({{row.begin(), row.end()}, block.y[i]});
    if (waiting.size() <= delay) continue;
    const auto& oldest = waiting.front();
    if (!std::isnan(oldest.y)) learner.learn_target(oldest.x.data(), oldest.y, 1);
    waiting.pop_front();
  }
}

}  // namespace

void RunState::fields(Archive& archive) {
  std::vector<Waiting> list(waiting.begin(), waiting.end());
  archive(rows, evaluation, regression, list);
  archive.check(rows >= 0, "a negative number of rows");
  if (archive.loading()) waiting.assign(list.begin(), list.end());
}

void run_prequential(Source& source, Learner& learner, const RunOptions& options, RunState& state,
                     const RunHooks& hooks) {
  RowBlock block;
  std::vector<double> votes;
  bool go_on = true;
  while (go_on && (options.rows == 0 || state.rows < options.rows)) {
    // Blocks end where progress is told, so that what is told does not depend on their size.
    const int64_t to_report = options.every - state.rows % options.every;
    const int64_t left = options.rows == 0 ? to_report : options.rows - state.rows;
    const auto most = static_cast<size_t>(std::min({static_cast<int64_t>(options.block), to_report, left}));
    if (source.read(block, most) == 0) break;
    if (source.schema().classes() > learner.classes()) learner.grow_classes(source.schema().classes());
    const int classes = learner.classes();
    votes.resize(block.size() * classes);
    if (options.delay > 0)
      step_delayed(block, learner, state.waiting, static_cast<size_t>(options.delay), votes.data());
    else
      learner.test_then_train(block, votes.data());
    for (size_t i = 0; i < block.size(); ++i)
      if (learner.regression()) {
        if (!std::isnan(block.y[i])) state.regression.add(block.y[i], votes[i]);
      } else if (const int label = block.label(i); label >= 0)
        state.evaluation.add(label, arg_max(votes.data() + i * classes, classes), classes);
    state.rows += static_cast<int64_t>(block.size());
    if (hooks.on_votes) hooks.on_votes(block, votes.data());
    if (state.rows % options.every == 0 && hooks.on_progress) go_on = hooks.on_progress(state);
  }
  if (hooks.on_progress && state.rows % options.every != 0) hooks.on_progress(state);
}

}  // namespace conclave::stream
