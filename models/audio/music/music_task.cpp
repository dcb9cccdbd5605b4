#include "models/audio/music/music_task.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "framework/base/error.h"

namespace conclave {

MusicTask::MusicTask(MusicLm& model, std::vector<MusicShare> shares, std::vector<Ptr<Loss>> losses,
                     const MusicTaskOptions& options)
    : model_(model), shares_(std::move(shares)), losses_(std::move(losses)), options_(options) {
  for (const auto& share : shares_) {
    Pool pool;
    pool.style = share.style;
    pool.weight = share.weight;
    for (const auto& roll : share.pieces) {
      Piece piece{&roll};
      for (const auto& chord : roll.frames) {
        if (chord.empty()) continue;
        piece.lowest = std::min(piece.lowest, chord.front());
        piece.highest = std::max(piece.highest, chord.back());
      }
      if (!roll.frames.empty()) pool.pieces.push_back(piece);
    }
    std::stable_sort(pool.pieces.begin(), pool.pieces.end(), [](const Piece& a, const Piece& b) {
      return a.roll->frames.size() < b.roll->frames.size();
    });
    int64_t sum = 0;
    for (const auto& piece : pool.pieces)
      pool.frames_to.push_back(sum += std::min<int64_t>(std::ssize(piece.roll->frames), options_.window));
    require<UsageError>(!pool.pieces.empty(), "[music] a share of the training data has no pieces");
    pools_.push_back(std::move(pool));
  }
  require<UsageError>(!pools_.empty(), "[music] training needs pieces");
}

const MusicTask::Pool& MusicTask::choose(Random& random) const {
  double total = 0;
  for (const auto& pool : pools_) total += pool.weight;
  double at = random.uniform() * total;
  for (const auto& pool : pools_) {
    at -= pool.weight;
    if (at < 0) return pool;
  }
  return pools_.back();
}

std::vector<Chord> MusicTask::excerpt(const Piece& piece, int64_t length, Random& random) const {
  const auto frames = std::ssize(piece.roll->frames);
  int64_t from = 0;
  if (frames > length && !random.chance(options_.whole))
    from = static_cast<int64_t>(random.below(static_cast<uint64_t>(frames - length) + 1));
  const auto begin = piece.roll->frames.begin() + from;
  PianoRoll part{{begin, begin + std::min<int64_t>(length, frames - from)}};
  const int down = std::min(options_.transpose, std::max(0, piece.lowest - kLowestKey)),
            up = std::min(options_.transpose, std::max(0, kHighestKey - piece.highest));
  transpose(part, static_cast<int>(random.below(static_cast<uint64_t>(down + up) + 1)) - down);
  return std::move(part.frames);
}

StepLoss MusicTask::loss(MicroBatch& batch) {
  const Pool& pool = choose(batch.random);
  // A frame is drawn; its piece brings its neighbours in length, which leaves little padding.
  const auto place = std::upper_bound(
      pool.frames_to.begin(), pool.frames_to.end(),
      static_cast<int64_t>(batch.random.below(static_cast<uint64_t>(pool.frames_to.back()))));
  const int64_t centre = place - pool.frames_to.begin(), size = std::ssize(batch.items);
  std::vector<std::vector<Chord>> drawn;
  for (int64_t i = 0; i < size; ++i) {
    const int64_t near =
        centre - size + static_cast<int64_t>(batch.random.below(2 * static_cast<uint64_t>(size) + 1));
    const auto index = static_cast<size_t>(std::clamp<int64_t>(near, 0, std::ssize(pool.pieces) - 1));
    drawn.push_back(excerpt(pool.pieces[index], options_.window, batch.random));
  }
  const std::vector<std::span<const Chord>> views(drawn.begin(), drawn.end());
  const NoteBatch notes = make_note_batch(views);

  RoutingLog log;
  TokenContext context;
  context.phase = Phase::train;
  context.step = batch.step;
  context.log = &log;
  const Tensor features = model_.read(notes, at::full({size}, pool.style, at::kLong), context);
  const Tensor frames = notes.valid_BT.sum();
  StepLoss result;
  result.weight = frames.item<double>();
  if (options_.factored) {
    result.loss = model_.chord_nll(features, notes, context).sum() / frames;
    result.metrics["nll"] = result.loss.item<double>();
  }
  if (options_.independent > 0) {
    const Tensor independent = model_.independent_nll(features, notes).sum() / frames;
    result.metrics["nll_independent"] = independent.item<double>();
    const Tensor weighted = independent * options_.independent;
    result.loss = result.loss.defined() ? result.loss + weighted : weighted;
  }
  counts_.add(log.records);
  for (const auto& record : log.records) trace_.add(record);
  const double gone =
      static_cast<double>(batch.step) / static_cast<double>(std::max<int64_t>(options_.steps, 1));
  const double share = 1 + (options_.anneal - 1) * std::min(gone, 1.0);
  for (const auto& auxiliary : losses_) result.loss = result.loss + share * (*auxiliary)(log.records);
  return result;
}

void MusicTask::after_step(int64_t step) {
  const auto tell = [&](const Ptr<Layer>& moe) {
    if (moe) moe->router->after_step(counts_.window(moe->site, step));
  };
  for (const auto& block : model_.frames->layers) tell(block->moe);
  for (const auto& block : model_.voices) tell(block->moe);
  counts_.clear();
}

}  // namespace conclave
