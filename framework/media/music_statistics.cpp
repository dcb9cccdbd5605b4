#include "framework/media/music_statistics.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <set>

#include "framework/media/musical_key.h"

namespace conclave {
namespace {

constexpr double kNarrowest = 1e-3, kSmoothing = 1e-6;
constexpr int kSteps = 2000;  // of the area's integral

struct Density {
  std::vector<double> at;
  double width = kNarrowest;

  explicit Density(const std::vector<double>& values) : at(values) {
    const auto count = static_cast<double>(at.size());
    double mean = 0, square = 0;
    for (const double x : at) mean += x / count;
    for (const double x : at) square += (x - mean) * (x - mean);
    if (at.size() > 1) width = std::max(width, std::sqrt(square / (count - 1)) * std::pow(count, -0.2));
  }
  double operator()(double x) const {
    double sum = 0;
    for (const double center : at) sum += std::exp(-0.5 * (x - center) * (x - center) / (width * width));
    return sum / (static_cast<double>(at.size()) * width * std::sqrt(2 * std::numbers::pi));
  }
};

}  // namespace

PieceStatistics piece_statistics(const PianoRoll& roll) {
  PieceStatistics s;
  std::set<int> keys;
  double sounding = 0, frames_heard = 0, moves = 0;
  const auto tonic = static_cast<size_t>(find_key(roll).tonic);
  const Chord* before = nullptr;
  for (const auto& chord : roll.frames) {
    for (const int key : chord) {
      s.chroma[(static_cast<size_t>(key) + kPitchClasses - tonic) % kPitchClasses] += 1;
      keys.insert(key);
      if (!before || !std::binary_search(before->begin(), before->end(), key)) s.onsets += 1;
    }
    if (before && !chord.empty() && !before->empty() && chord.back() != before->back()) {
      s.interval += std::abs(chord.back() - before->back());
      moves += 1;
    }
    sounding += static_cast<double>(chord.size());
    frames_heard += !chord.empty();
    before = &chord;
  }
  const auto frames = static_cast<double>(roll.frames.size());
  if (frames == 0) return s;
  for (double& share : s.chroma) share /= std::max(sounding, 1.0);
  s.pitches = static_cast<double>(keys.size());
  s.range = keys.empty() ? 0 : *keys.rbegin() - *keys.begin();
  s.polyphony = sounding / std::max(frames_heard, 1.0);
  s.onsets /= frames;
  s.interval /= std::max(moves, 1.0);
  s.rests = 1 - frames_heard / frames;
  return s;
}

double cosine_similarity(const std::array<double, kPitchClasses>& a,
                         const std::array<double, kPitchClasses>& b) {
  double ab = 0, aa = 0, bb = 0;
  for (size_t i = 0; i < kPitchClasses; ++i) ab += a[i] * b[i], aa += a[i] * a[i], bb += b[i] * b[i];
  return aa > 0 && bb > 0 ? ab / std::sqrt(aa * bb) : 0;
}

double chroma_divergence(const std::array<double, kPitchClasses>& p,
                         const std::array<double, kPitchClasses>& q) {
  double sum = 0;
  for (size_t i = 0; i < kPitchClasses; ++i)
    sum += (p[i] + kSmoothing) * std::log((p[i] + kSmoothing) / (q[i] + kSmoothing));
  return sum;
}

double overlapping_area(const std::vector<double>& a, const std::vector<double>& b) {
  if (a.empty() || b.empty()) return 0;
  const Density one(a), other(b);
  const double edge = 4 * std::max(one.width, other.width);
  const double low =
      std::min(*std::min_element(a.begin(), a.end()), *std::min_element(b.begin(), b.end())) - edge;
  const double high =
      std::max(*std::max_element(a.begin(), a.end()), *std::max_element(b.begin(), b.end())) + edge;
  // Steps that are finer than the narrower density.
  const double step = std::min((high - low) / kSteps, std::min(one.width, other.width) / 4);
  double area = 0;
  for (double x = low; x < high; x += step) area += std::min(one(x), other(x)) * step;
  return std::min(area, 1.0);
}

}  // namespace conclave
