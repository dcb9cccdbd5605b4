#include "framework/media/beats.h"

#include <algorithm>
#include <cmath>

namespace conclave {
namespace {

constexpr double kOnsetRate = 100;  // frames a second
constexpr double kMostSeconds = 1200, kWindow = 0.07;
constexpr double kUsualPeriod = 0.5, kOctaves = 1.4;      // of the preference
constexpr double kShortestBeat = 0.25, kLongestBeat = 2;  // seconds of a beat
constexpr double kTightness = 100;
constexpr int kSmooth = 3;  // frames either way

std::vector<double> onset_strength(const MidiFile& midi) {
  const double length = std::min(midi.seconds(midi.length()), kMostSeconds);
  std::vector<double> strength(static_cast<size_t>(length * kOnsetRate) + 2 * kSmooth + 2);
  for (const auto& note : midi.notes) {
    const double at = midi.seconds(note.start);
    if (at > length) continue;
    const auto center = static_cast<int64_t>(std::lround(at * kOnsetRate)) + kSmooth;
    for (int64_t d = -kSmooth; d <= kSmooth; ++d)
      strength[static_cast<size_t>(center + d)] +=
          note.velocity / 127.0 * std::exp(-0.5 * static_cast<double>(d * d) / 2);
  }
  double mean = 0, square = 0;
  const auto count = static_cast<double>(strength.size());
  for (const double x : strength) mean += x / count;
  for (const double x : strength) square += (x - mean) * (x - mean) / count;
  for (double& x : strength) x /= std::max(std::sqrt(square), 1e-9);
  return strength;
}

// Frames of a beat.
double period_of(const std::vector<double>& strength) {
  double mean = 0;
  for (const double x : strength) mean += x / static_cast<double>(strength.size());
  const auto weighed = [&](size_t lag) {
    double sum = 0;
    for (size_t i = lag; i < strength.size(); ++i) sum += (strength[i] - mean) * (strength[i - lag] - mean);
    const double octaves = std::log2(static_cast<double>(lag) / kOnsetRate / kUsualPeriod) / kOctaves;
    return sum * std::exp(-0.5 * octaves * octaves);
  };
  const auto first = static_cast<size_t>(kShortestBeat * kOnsetRate),
             last = static_cast<size_t>(kLongestBeat * kOnsetRate);
  std::vector<double> value(last + 2);
  for (size_t lag = first - 1; lag < value.size(); ++lag) value[lag] = weighed(lag);
  const auto best =
      static_cast<size_t>(std::max_element(value.begin() + static_cast<std::ptrdiff_t>(first),
                                           value.begin() + static_cast<std::ptrdiff_t>(last) + 1) -
                          value.begin());
  const double below = value[best - 1], top = value[best], above = value[best + 1];
  const double bend = below - 2 * top + above;  // of the parabola through the peak
  return static_cast<double>(best) + (bend < 0 ? 0.5 * (below - above) / bend : 0);
}

}  // namespace

Beats find_beats(const MidiFile& midi) {
  Beats beats;
  if (midi.notes.empty()) return beats;
  const auto strength = onset_strength(midi);
  const double period = period_of(strength);
  beats.per_minute = 60 * kOnsetRate / period;
  const auto count = static_cast<int64_t>(strength.size());
  std::vector<double> score(strength);
  std::vector<int64_t> before(strength.size(), -1);
  const auto nearest = static_cast<int64_t>(std::lround(period / 2)),
             farthest = static_cast<int64_t>(std::lround(2 * period));
  std::vector<double> cost(static_cast<size_t>(farthest) + 1);
  for (int64_t lag = nearest; lag <= farthest; ++lag)
    cost[static_cast<size_t>(lag)] = kTightness * std::pow(std::log(static_cast<double>(lag) / period), 2);
  for (int64_t t = 0; t < count; ++t) {
    double most = 0;  // a chain may begin here
    for (int64_t lag = nearest; lag <= std::min(farthest, t); ++lag) {
      const double chain = score[static_cast<size_t>(t - lag)] - cost[static_cast<size_t>(lag)];
      if (chain > most) most = chain, before[static_cast<size_t>(t)] = t - lag;
    }
    score[static_cast<size_t>(t)] += most;
  }
  // The best chain that ends within the last beats.
  const auto from = score.end() - std::min<int64_t>(count, farthest);
  for (int64_t t = std::max_element(from, score.end()) - score.begin(); t >= 0;
       t = before[static_cast<size_t>(t)])
    beats.times.push_back(std::max(0.0, static_cast<double>(t - kSmooth) / kOnsetRate));
  std::reverse(beats.times.begin(), beats.times.end());
  return beats;
}

double beat_f_measure(const std::vector<double>& found, const std::vector<double>& annotated) {
  if (found.empty() || annotated.empty()) return 0;
  size_t matched = 0;
  for (size_t i = 0, j = 0; i < found.size() && j < annotated.size();) {
    if (std::abs(found[i] - annotated[j]) <= kWindow)
      ++matched, ++i, ++j;
    else
      found[i] < annotated[j] ? ++i : ++j;
  }
  return 2 * static_cast<double>(matched) / static_cast<double>(found.size() + annotated.size());
}

}  // namespace conclave
