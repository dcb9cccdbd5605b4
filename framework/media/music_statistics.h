/// What pieces are like, in figures that compare sets of music.
#pragma once

#include <array>
#include <vector>

#include "framework/media/piano_roll.h"

namespace conclave {

constexpr size_t kPitchClasses = 12;

/// Figures of one piece, as Yang and Lerch compare sets by (2020, Neural Computing and Applications 32).
struct PieceStatistics {
  std::array<double, kPitchClasses>
      chroma{};          ///< shares of sounding time, from the tonic of the found key on
  double pitches = 0;    ///< different keys that sound
  double range = 0;      ///< semitones from the lowest to the highest
  double polyphony = 0;  ///< keys at once, over frames with any
  double onsets = 0;     ///< keys that begin, per frame
  double interval = 0;   ///< semitones that the highest note moves, over frames where it moves
  double rests = 0;      ///< share of silent frames
};

/// Zeros for silence.
PieceStatistics piece_statistics(const PianoRoll& roll);

/// 1 for equal directions, 0 for nothing in common (or nothing at all).
double cosine_similarity(const std::array<double, kPitchClasses>& a,
                         const std::array<double, kPitchClasses>& b);
/// Kullback-Leibler divergence of q from p in nats, with 1e-6 added to each share.
double chroma_divergence(const std::array<double, kPitchClasses>& p,
                         const std::array<double, kPitchClasses>& q);

/// Area under both of two samples' densities (Gaussian kernels, Scott's bandwidth): 1 for the same, 0 for
/// none in common. Samples of one value are as narrow as 1e-3.
double overlapping_area(const std::vector<double>& a, const std::vector<double>& b);

}  // namespace conclave
