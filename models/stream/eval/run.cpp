#include "models/stream/eval/run.h"

#include <algorithm>

#include "framework/base/random.h"
#include "models/stream/base/fast_math.h"

namespace conclave::stream {
namespace {

// In [0, 1), the same for a row wherever a run is resumed.
double drawn(uint64_t seed, int64_t row, uint32_t what) {
  const auto at = static_cast<uint64_t>(row);
  const auto words = philox4x32({static_cast<uint32_t>(at), static_cast<uint32_t>(at >> 32), what, 0},
                                {static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)});
  return words[0] * 0x1p-32;
}

bool arrives(const RunOptions& o, int64_t row) {
  return o.labels >= 1 || row < o.warm || drawn(o.seed, row, 0) < o.labels;
}

// The row after which the label of `row` arrives.
int64_t due(const RunOptions& o, int64_t row) {
  if (o.chunk > 0) return row - row % o.chunk + o.chunk - 1;
  if (o.spread == 0) return row + o.delay;
  const auto offset = static_cast<int64_t>(drawn(o.seed, row, 1) * static_cast<double>(2 * o.spread + 1));
  return row + std::max<int64_t>(0, o.delay - o.spread + offset);
}

// A class is taken up with its first row, once that was predicted: blocks must not foretell it.
void meet_class(const RowBlock& block, size_t i, Learner& learner) {
  if (!learner.regression() && block.label(i) >= learner.classes()) learner.grow_classes(block.label(i) + 1);
}

// Of the learner when the block is done.
int classes_after(const RowBlock& block, const Learner& learner) {
  int classes = learner.classes();
  for (size_t i = 0; !learner.regression() && i < block.size(); ++i)
    classes = std::max(classes, block.label(i) + 1);
  return classes;
}

// A row is predicted when it comes, and learned when its label arrives. Votes are [size, classes], 0 before.
void step_waiting(const RowBlock& block, Learner& learner, const RunOptions& options, RunState& state,
                  int classes, double* votes_TC) {
  auto& waiting = state.waiting;
  for (size_t i = 0; i < block.size(); ++i) {
    const auto x = block.row(i);
    const int64_t row = state.rows + static_cast<int64_t>(i);
    learner.votes(x.data(), votes_TC + i * classes);
    meet_class(block, i, learner);
    const double y = arrives(options, row) ? block.y[i] : kMissing;
    const int64_t when = due(options, row);
    const auto place = std::upper_bound(waiting.begin(), waiting.end(), when,
                                        [](int64_t d, const RunState::Waiting& w) { return d < w.due; });
    waiting.insert(place, {{x.begin(), x.end()}, y, when});
    for (; !waiting.empty() && waiting.front().due <= row; waiting.pop_front())
      if (const auto& oldest = waiting.front(); !std::isnan(oldest.y))
        learner.learn_target(oldest.x.data(), oldest.y, 1);
  }
}

// The block without the labels that do not arrive.
const RowBlock& as_learned(const RowBlock& block, const RunOptions& options, int64_t first, RowBlock& held) {
  if (options.labels >= 1) return block;
  held = block;
  for (size_t i = 0; i < held.size(); ++i)
    if (!arrives(options, first + static_cast<int64_t>(i))) held.y[i] = kMissing;
  return held;
}

RowBlock part_of(const RowBlock& block, size_t begin, size_t end) {
  const auto at = [](const auto& list, size_t i) { return list.begin() + static_cast<int64_t>(i); };
  const size_t width = static_cast<size_t>(block.width);
  return {block.width,
          {at(block.x, begin * width), at(block.x, end * width)},
          {at(block.y, begin), at(block.y, end)}};
}

// Each row is learned before the next one is tested. Votes are [size, classes], 0 before.
void step_at_once(const RowBlock& block, Learner& learner, const RunOptions& options, int64_t first,
                  int classes, double* votes_TC) {
  RowBlock held;
  if (learner.classes() == classes) {
    learner.test_then_train(as_learned(block, options, first, held), votes_TC);
    return;
  }
  std::vector<double> votes;
  for (size_t begin = 0, end; begin < block.size(); begin = end) {
    const int known = learner.classes();
    for (end = begin; end < block.size() && block.label(end) < known;) ++end;
    const RowBlock part = part_of(block, begin, end);
    votes.resize(part.size() * known);
    learner.test_then_train(as_learned(part, options, first + static_cast<int64_t>(begin), held),
                            votes.data());
    for (size_t i = 0; i < part.size(); ++i)
      std::copy_n(votes.data() + i * known, known, votes_TC + (begin + i) * classes);
    if (end == block.size()) break;
    learner.votes(block.row(end).data(), votes_TC + end * classes);
    meet_class(block, end, learner);
    if (arrives(options, first + static_cast<int64_t>(end)))
      learner.learn_target(block.row(end).data(), block.y[end], 1);
    ++end;
  }
}

}  // namespace

void RunState::fields(Archive& archive) {
  std::vector<Waiting> list(waiting.begin(), waiting.end());
  archive(rows, evaluation, regression, list);
  archive.check(rows >= 0 && std::is_sorted(list.begin(), list.end(),
                                            [](const Waiting& a, const Waiting& b) { return a.due < b.due; }),
                "rows that wait out of order");
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
    const int classes = classes_after(block, learner);
    votes.assign(block.size() * classes, 0);
    if (options.delay > 0 || options.spread > 0 || options.chunk > 0)
      step_waiting(block, learner, options, state, classes, votes.data());
    else
      step_at_once(block, learner, options, state.rows, classes, votes.data());
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
