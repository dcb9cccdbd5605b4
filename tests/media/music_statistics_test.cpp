#include "framework/media/music_statistics.h"

#include <gtest/gtest.h>

#include <cmath>

namespace conclave {
namespace {

TEST(MusicStatistics, OfAPieceByHand) {
  // C major chord held, then the top moves up by 5, then silence.
  const PianoRoll roll{{{60, 64, 67}, {60, 64, 72}, {}, {60, 64, 67}}};
  const auto s = piece_statistics(roll);
  EXPECT_DOUBLE_EQ(s.pitches, 4);
  EXPECT_DOUBLE_EQ(s.range, 12);
  EXPECT_DOUBLE_EQ(s.polyphony, 3);
  EXPECT_DOUBLE_EQ(s.onsets, (3 + 1 + 3) / 4.0);
  EXPECT_DOUBLE_EQ(s.interval, 5);
  EXPECT_DOUBLE_EQ(s.rests, 0.25);
  EXPECT_DOUBLE_EQ(s.chroma[0], 4 / 9.0);
  EXPECT_DOUBLE_EQ(s.chroma[4], 3 / 9.0);
  EXPECT_DOUBLE_EQ(s.chroma[7], 2 / 9.0);
}

TEST(MusicStatistics, ChromaIsTheSameInEveryKey) {
  PianoRoll roll{{{60, 64, 67}, {62, 65, 69}, {55, 59, 62}, {60, 64, 67}, {60, 64, 72}}};
  const auto before = piece_statistics(roll);
  ASSERT_TRUE(transpose(roll, 5));
  EXPECT_EQ(piece_statistics(roll).chroma, before.chroma);
}

TEST(MusicStatistics, SilenceIsZero) {
  EXPECT_EQ(piece_statistics({}).range, 0);
  EXPECT_EQ(piece_statistics({{{}, {}}}).rests, 1);
  EXPECT_EQ(cosine_similarity({}, {}), 0);
}

TEST(MusicStatistics, SimilarityAndDivergence) {
  const std::array<double, kPitchClasses> a{0.5, 0.5}, b{1}, c{0, 0, 1};
  EXPECT_DOUBLE_EQ(cosine_similarity(a, a), 1);
  EXPECT_DOUBLE_EQ(cosine_similarity(a, b), std::sqrt(0.5));
  EXPECT_DOUBLE_EQ(cosine_similarity(a, c), 0);
  EXPECT_DOUBLE_EQ(chroma_divergence(a, a), 0);
  EXPECT_NEAR(chroma_divergence(b, a), std::log(2), 1e-4);
  EXPECT_GT(chroma_divergence(a, b), 5);
}

TEST(MusicStatistics, OverlapOfSamples) {
  const std::vector<double> a{0, 1, 2, 3, 4};
  EXPECT_NEAR(overlapping_area(a, a), 1, 1e-3);
  EXPECT_NEAR(overlapping_area(a, {100, 101, 102}), 0, 1e-3);
  // Two normal densities of one width d apart overlap by 2 Phi(-d / 2 width).
  const double width = 1e-3, apart = 1e-3;
  EXPECT_NEAR(overlapping_area({5}, {5 + apart}), std::erfc(apart / (2 * width) / std::sqrt(2.0)), 1e-3);
  EXPECT_EQ(overlapping_area({}, a), 0);
}

}  // namespace
}  // namespace conclave
