#include "models/stream/eval/run.h"

#include <algorithm>
#include <deque>

#include "models/stream/base/fast_math.h"

namespace conclave::stream {
namespace {

// Labels that arrive `delay` rows late: a row is predicted when it comes and learned when its label does.
class Delayed {
 public:
  explicit Delayed(int64_t delay) : delay_(static_cast<size_t>(delay)) {}
  void step(const RowBlock& block, Learner& learner, double* votes_TC) {
    for (size_t i = 0; i < block.size(); ++i) {
      const auto row = block.row(i);
      learner.votes(row.data(), votes_TC + i * learner.classes());
      waiting_.emplace_back(std::vector<double>(row.begin(), row.end()), block.label(i));
      if (waiting_.size() <= delay_) continue;
      auto& [x, label] = waiting_.front();
      if (label >= 0) learner.learn(x.data(), label, 1);
      waiting_.pop_front();
    }
  }

 private:
  size_t delay_;
  std::deque<std::pair<std::vector<double>, int>> waiting_;
};

}  // namespace

void run_prequential(Source& source, Learner& learner, const RunOptions& options, RunState& state,
                     const RunHooks& hooks) {
  RowBlock block;
  std::vector<double> votes;
  Delayed delayed(options.delay);
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
      delayed.step(block, learner, votes.data());
    else
      learner.test_then_train(block, votes.data());
    for (size_t i = 0; i < block.size(); ++i)
      if (const int label = block.label(i); label >= 0)
        state.evaluation.add(label, arg_max(votes.data() + i * classes, classes), classes);
    state.rows += static_cast<int64_t>(block.size());
    if (hooks.on_votes) hooks.on_votes(block, votes.data());
    if (state.rows % options.every == 0 && hooks.on_progress) go_on = hooks.on_progress(state);
  }
  if (hooks.on_progress && state.rows % options.every != 0) hooks.on_progress(state);
}

}  // namespace conclave::stream
