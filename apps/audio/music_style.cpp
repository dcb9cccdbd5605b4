#include "apps/audio/music_style.h"

#include <fmt/format.h>

#include <algorithm>

#include "apps/common/app.h"
#include "datasets/music_set.h"
#include "framework/base/error.h"
#include "framework/base/progress.h"
#include "framework/base/random.h"
#include "framework/base/signals.h"
#include "framework/media/music_statistics.h"
#include "models/audio/music/make_music.h"
#include "models/audio/music/music_model.h"

namespace conclave {
namespace {

struct StyleFigure {
  const char* name;
  double PieceStatistics::*value;
};
constexpr StyleFigure kStyleFigures[] = {
    {"pitches", &PieceStatistics::pitches},       {"pitch_range", &PieceStatistics::range},
    {"polyphony", &PieceStatistics::polyphony},   {"onsets_per_frame", &PieceStatistics::onsets},
    {"top_interval", &PieceStatistics::interval}, {"rests", &PieceStatistics::rests}};

using Pieces = std::vector<PieceStatistics>;

std::array<double, kPitchClasses> mean_chroma(const Pieces& pieces) {
  std::array<double, kPitchClasses> mean{};
  for (const auto& piece : pieces)
    for (size_t i = 0; i < kPitchClasses; ++i)
      mean[i] += piece.chroma[i] / static_cast<double>(pieces.size());
  return mean;
}

}  // namespace

int evaluate_music_style(const MusicEvaluation& asked, int64_t pieces, Invocation& call) {
  const auto model = load_music_lm(asked.model);
  MusicSet set = load_music_set(asked.dataset, asked.data, asked.split);
  if (pieces > 0 && pieces < std::ssize(set.pieces)) set.pieces.resize(static_cast<size_t>(pieces));
  call.begin();
  Pieces real, made;
  Progress progress("pieces", std::ssize(set.pieces), "pieces");
  for (size_t i = 0; i < set.pieces.size(); ++i) {
    throw_if_interrupted();
    MusicRequest request;
    request.style = model->style(music_set_style(asked.dataset));
    request.sampling = {.temperature = 1};
    request.seed = call.common().seed ^ fnv1a(fmt::format("piece {}", i));
    request.frames.resize(set.pieces[i].frames.size());
    real.push_back(piece_statistics(set.pieces[i]));
    made.push_back(piece_statistics(make_music(*model, request)));
    progress.advance();
  }
  const auto of_real = mean_chroma(real), of_made = mean_chroma(made);
  Json record = {{"task", "music-style"},
                 {"dataset", asked.dataset},
                 {"split", asked.split},
                 {"pieces", real.size()},
                 {"chroma_cosine", cosine_similarity(of_real, of_made)},
                 {"chroma_kl", chroma_divergence(of_real, of_made)},
                 {"chroma", {{"real", of_real}, {"generated", of_made}}}};
  call.history().metric("chroma_cosine", 0, record["chroma_cosine"].get<double>());
  for (const auto& figure : kStyleFigures) {
    std::vector<double> a, b;
    double mean_a = 0, mean_b = 0;
    for (size_t i = 0; i < real.size(); ++i) {
      a.push_back(real[i].*figure.value);
      b.push_back(made[i].*figure.value);
      mean_a += a.back() / static_cast<double>(real.size());
      mean_b += b.back() / static_cast<double>(real.size());
    }
    const double overlap = overlapping_area(a, b);
    record[figure.name] = {{"real", mean_a}, {"generated", mean_b}, {"overlapping_area", overlap}};
    call.history().metric(std::string(figure.name) + "/overlapping_area", 0, overlap);
    if (!call.json())
      fmt::print("{:<18} real {:.2f}  generated {:.2f}  overlapping area {:.2f}\n", figure.name, mean_a,
                 mean_b, overlap);
  }
  if (call.json())
    call.out().write(record);
  else
    fmt::print("chroma: cosine similarity {:.3f}, divergence {:.3f} nats\n",
               record["chroma_cosine"].get<double>(), record["chroma_kl"].get<double>());
  return kExitDone;
}

}  // namespace conclave
