#include "framework/media/beats.h"

#include <gtest/gtest.h>

namespace conclave {
namespace {

// Chords on each beat, a softer note between them.
MidiFile steady(double per_minute, int beats) {
  MidiFile midi;
  midi.tempos = {{0, static_cast<int64_t>(60e6 / per_minute)}};
  for (int i = 0; i < beats; ++i)
    for (const int key : {48, 60, 64}) midi.notes.push_back({480 * i, 240, key, 100, 0, 0});
  for (int i = 0; i < beats; ++i) midi.notes.push_back({480 * i + 240, 120, 67, 40, 0, 0});
  return midi;
}

TEST(Beats, OfASteadyPiece) {
  for (const double tempo : {90.0, 120.0, 150.0}) {
    const auto found = find_beats(steady(tempo, 40));
    EXPECT_NEAR(found.per_minute, tempo, 2);
    std::vector<double> wanted;
    for (int i = 0; i < 40; ++i) wanted.push_back(i * 60 / tempo);
    EXPECT_GT(beat_f_measure(found.times, wanted), 0.95) << tempo;
  }
}

TEST(Beats, NoNotesAndOneNote) {
  EXPECT_TRUE(find_beats({}).times.empty());
  MidiFile one;
  one.notes = {{0, 480, 60, 80, 0, 0}};
  EXPECT_FALSE(find_beats(one).times.empty());
}

TEST(Beats, FMeasureMatchesEachOnce) {
  EXPECT_DOUBLE_EQ(beat_f_measure({1, 2, 3}, {1.05, 2.05, 3.1}), 2.0 / 3);
  EXPECT_DOUBLE_EQ(beat_f_measure({1, 1.01}, {1}), 2.0 / 3);
  EXPECT_DOUBLE_EQ(beat_f_measure({}, {1}), 0);
}

}  // namespace
}  // namespace conclave
