#include "models/audio/music/make_music.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>

#include "framework/base/error.h"

namespace conclave {
namespace {

// The order in which products are summed must not hang on the number of threads.
class OneThread {
 public:
  OneThread() : before_(at::get_num_threads()) { at::set_num_threads(1); }
  ~OneThread() { at::set_num_threads(before_); }
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;

 private:
  int before_;
};

constexpr double kNothingLeft = -1000;  // of a log-probability

bool is_free(const FrameWish& wish) {
  return !wish.chord;
}

// Leaves the tokens that the wish allows behind `spelled`, and gives the log of the probability that they
// have: the chord may end only where it has the bass that is wanted.
double keep_allowed(const FrameWish& wish, const std::vector<int64_t>& spelled, std::span<float> log_prob) {
  const auto class_of = [](int64_t token) { return static_cast<int>((token + kLowestKey) % 12); };
  const bool has_bass = wish.bass < 0 || (!spelled.empty() && class_of(spelled.back()) == wish.bass);
  double mass = 0;
  for (int64_t token = 0; token <= kEndToken; ++token) {
    auto& value = log_prob[static_cast<size_t>(token)];
    const bool allowed = token == kEndToken
                             ? has_bass
                             : wish.classes.none() || wish.classes[static_cast<size_t>(class_of(token))];
    if (allowed)
      mass += std::exp(static_cast<double>(value));
    else
      value = -std::numeric_limits<float>::infinity();
  }
  return std::log(mass);
}

// Tries side by side, from the first frame on.
class Filter {
 public:
  Filter(const MusicLm& model, const MusicRequest& request)
      : model_(model), request_(request), state_(model.new_state()), random_(request.seed, "music") {
    // Frames behind the last free one cannot be told by more tries, only weighed; those before the first free
    // one are the same in all of them.
    const auto& wishes = request.frames;
    const auto first = std::find_if(wishes.begin(), wishes.end(), is_free);
    const bool weighs = std::any_of(first, wishes.end(), [](const FrameWish& wish) {
      return wish.chord || wish.top || wish.classes.any() || wish.bass >= 0;
    });
    tries_ = weighs ? request.tries : 1;
    known_ = first - wishes.begin();
  }

  PianoRoll run() {
    begin();
    for (size_t t = static_cast<size_t>(known_); t < request_.frames.size(); ++t) {
      if (request_.progress) request_.progress(static_cast<int64_t>(t));
      const std::vector<Chord> chords = spell(request_.frames[t]);
      for (size_t i = 0; i < chords.size(); ++i) pieces_[i].push_back(chords[i]);
      if (t + 1 == request_.frames.size()) break;
      resample();
      step();
    }
    return {pieces_[pick()]};
  }

 private:
  Tensor style_B(int64_t rows) const { return at::full({rows}, request_.style, at::kLong); }

  // Reads what is known, once for all tries.
  void begin() {
    std::vector<Chord> known;
    for (int64_t t = 0; t < known_; ++t) known.push_back(*request_.frames[static_cast<size_t>(t)].chord);
    features_BD_ = model_.read_on({}, {}, style_B(1), state_, {});
    for (const auto& chord : known) {
      const std::span<const Chord> frame[] = {{&chord, 1}};
      const Tensor heard = model_.embed(make_note_batch(frame)).squeeze(1);
      features_BD_ = model_.read_on(heard, heard_BD_, style_B(1), state_, {});
      heard_BD_ = heard;
    }
    if (tries_ > 1) {
      const Tensor same = at::zeros({tries_}, at::kLong);
      state_ = state_.fork(tries_);
      features_BD_ = features_BD_.index_select(0, same);
      if (heard_BD_.defined()) heard_BD_ = heard_BD_.index_select(0, same);
    }
    pieces_.assign(static_cast<size_t>(tries_), known);
    weight_.assign(static_cast<size_t>(tries_), 0);
  }

  void step() {
    std::vector<std::span<const Chord>> frame;
    for (const auto& piece : pieces_) frame.emplace_back(&piece.back(), 1);
    const Tensor heard = model_.embed(make_note_batch(frame)).squeeze(1);
    features_BD_ = model_.read_on(heard, heard_BD_, style_B(tries_), state_, {});
    heard_BD_ = heard;
  }

  // One chord for each try; notes that are given add their log-probability to its weight.
  std::vector<Chord> spell(const FrameWish& wish) {
    std::vector<int64_t> given;
    if (wish.chord) given = chord_tokens(*wish.chord);
    if (wish.top) given = {*wish.top - kLowestKey};
    const bool limited = wish.classes.any() || wish.bass >= 0;
    const auto rows = static_cast<size_t>(tries_);
    std::vector<std::vector<int64_t>> spelled(rows);
    std::vector<int64_t> open(rows);
    std::iota(open.begin(), open.end(), 0);
    for (size_t place = 0; !open.empty(); ++place) {
      const auto count = static_cast<int64_t>(place);
      Tensor so_far = at::empty({std::ssize(open), count}, at::kLong);
      for (size_t i = 0; i < open.size(); ++i)
        std::copy(spelled[static_cast<size_t>(open[i])].begin(), spelled[static_cast<size_t>(open[i])].end(),
                  so_far.data_ptr<int64_t>() + i * place);
      const Tensor rows_B = at::tensor(open, at::kLong);
      const Tensor log_prob = model_.next_note(features_BD_.index_select(0, rows_B), so_far, {}).contiguous();
      std::vector<int64_t> still;
      for (size_t i = 0; i < open.size(); ++i) {
        const auto row = static_cast<size_t>(open[i]);
        const std::span<float> line(log_prob.data_ptr<float>() + i * (kEndToken + 1), kEndToken + 1);
        if (place >= given.size() && limited) {
          const double mass = keep_allowed(wish, spelled[row], line);
          weight_[row] += std::max(mass, kNothingLeft);
          if (!(mass > kNothingLeft))
            continue;  // a bass that no lower note can give: the chord ends as it is
        }
        const int64_t token =
            place < given.size() ? given[place] : draw(choices(line, request_.sampling), random_);
        if (place < given.size()) weight_[row] += line[static_cast<size_t>(token)];
        if (token == kEndToken) continue;
        spelled[row].push_back(token);
        still.push_back(open[i]);
      }
      open = std::move(still);
    }
    std::vector<Chord> chords;
    for (const auto& tokens : spelled) chords.push_back(tokens_chord(tokens));
    return chords;
  }

  std::vector<double> shares() const {
    const double most = *std::max_element(weight_.begin(), weight_.end());
    std::vector<double> share;
    for (const double w : weight_) share.push_back(std::exp(w - most));
    const double total = std::accumulate(share.begin(), share.end(), 0.0);
    for (double& s : share) s /= total;
    return share;
  }

  // Systematic resampling when fewer than half of the tries carry the weight.
  void resample() {
    if (tries_ == 1) return;
    const auto share = shares();
    double squares = 0;
    for (const double s : share) squares += s * s;
    if (1 / squares >= static_cast<double>(tries_) / 2) return;
    std::vector<int64_t> from;
    const double shift = random_.uniform();
    double sum = 0;
    for (size_t i = 0; i < share.size(); ++i) {
      sum += share[i];
      while (std::ssize(from) < tries_ &&
             (static_cast<double>(from.size()) + shift) / static_cast<double>(tries_) < sum)
        from.push_back(static_cast<int64_t>(i));
    }
    while (std::ssize(from) < tries_) from.push_back(tries_ - 1);  // rounding
    const Tensor rows = at::tensor(from, at::kLong);
    state_ = state_.select(rows);
    if (heard_BD_.defined()) heard_BD_ = heard_BD_.index_select(0, rows);
    std::vector<std::vector<Chord>> pieces;
    for (const int64_t i : from) pieces.push_back(pieces_[static_cast<size_t>(i)]);
    pieces_ = std::move(pieces);
    std::fill(weight_.begin(), weight_.end(), 0);
  }

  size_t pick() {
    if (tries_ == 1) return 0;
    const auto share = shares();
    double at = random_.uniform();
    for (size_t i = 0; i < share.size(); ++i) {
      at -= share[i];
      if (at < 0) return i;
    }
    return share.size() - 1;
  }

  const MusicLm& model_;
  const MusicRequest& request_;
  DecodeState state_;
  Random random_;
  int64_t tries_ = 1, known_ = 0;
  Tensor features_BD_, heard_BD_;
  std::vector<std::vector<Chord>> pieces_;
  std::vector<double> weight_;  // log
};

}  // namespace

PianoRoll make_music(const MusicLm& model, const MusicRequest& request) {
  require<UsageError>(request.tries >= 1, "tries = {}: must be 1 or more", request.tries);
  request.sampling.check();
  for (const auto& wish : request.frames) {
    if (wish.chord) chord_tokens(*wish.chord);
    require<UsageError>(!wish.top || (*wish.top >= kLowestKey && *wish.top <= kHighestKey),
                        "key {} is outside the piano ({} to {})", wish.top.value_or(0), kLowestKey,
                        kHighestKey);
  }
  if (request.frames.empty()) return {};
  const c10::InferenceMode inference;
  const OneThread alone;
  return Filter(model, request).run();
}

}  // namespace conclave
