#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "framework/base/error.h"
#include "framework/media/midi_file.h"
#include "framework/media/midi_roll.h"
#include "framework/media/synthesizer.h"

namespace conclave {
namespace {

std::string bytes(std::initializer_list<int> values) {
  std::string out;
  for (const int value : values) out += static_cast<char>(value);
  return out;
}

std::string chunk(const std::string& kind, const std::string& body) {
  const auto size = body.size();
  return kind + bytes({0, 0, static_cast<int>(size >> 8), static_cast<int>(size & 0xff)}) + body;
}

std::string file(const std::vector<std::string>& tracks, int division = 96, int format = 1, int count = -1) {
  const int n = count < 0 ? static_cast<int>(tracks.size()) : count;
  std::string out = chunk("MThd", bytes({0, format, n >> 8, n & 0xff, division >> 8, division & 0xff}));
  for (const auto& track : tracks) out += chunk("MTrk", track);
  return out;
}

const std::string kEnd = bytes({0, 0xff, 0x2f, 0});

void expect_midi_fault(const std::string& midi, const std::string& part) {
  try {
    read_midi(midi, "x.mid");
    ADD_FAILURE() << "no error: " << part;
  } catch (const DataError& e) {
    EXPECT_THAT(e.what(), ::testing::HasSubstr(part));
  }
}

TEST(Midi, RunningStatusAndBothWaysToEndANote) {
  const std::string track = bytes({0, 0x90, 60, 100,  // on
                                   0x60, 60, 0,       // off after 96 ticks, by velocity 0 and running status
                                   0, 64, 90,         // on
                                   0x81, 0, 0x80, 64, 5,  // off after 128 ticks
                                   0, 0x91, 67, 1}) +     // never ended
                            bytes({0x10, 0xff, 0x2f, 0});
  const auto midi = read_midi(file({track}), "x.mid");
  EXPECT_EQ(midi.division, 96);
  EXPECT_EQ(midi.notes,
            (std::vector<MidiNote>{{0, 96, 60, 100, 0, 0}, {96, 128, 64, 90, 0, 0}, {224, 16, 67, 1, 1, 0}}));
}

TEST(Midi, SettingsAndTimes) {
  const std::string conductor = bytes({0, 0xff, 0x51, 3, 0x0f, 0x42, 0x40}) +  // 1,000,000 us a quarter
                                bytes({0, 0xff, 0x58, 4, 6, 3, 24, 8}) +       // 6/8
                                bytes({96, 0xff, 0x51, 3, 0x07, 0xa1, 0x20}) + kEnd;
  const auto midi =
      read_midi(file({conductor, bytes({0, 0xc2, 19}) + bytes({0, 0xf0, 2, 1, 0xf7}) + kEnd}), "x");
  EXPECT_EQ(midi.tempos, (std::vector<MidiTempo>{{0, 1000000}, {96, 500000}}));
  EXPECT_EQ(midi.meters, (std::vector<MidiMeter>{{0, 6, 8}}));
  EXPECT_EQ(midi.programs, (std::vector<MidiProgram>{{2, 19}}));
  EXPECT_DOUBLE_EQ(midi.seconds(96), 1);
  EXPECT_DOUBLE_EQ(midi.seconds(192), 1.5);
  EXPECT_EQ(read_midi(file({kEnd}, 0xe728), "x").division, 25 * 40 / 2);  // 25 frames of 40 ticks a second
}

TEST(Midi, BadBytesAreNamed) {
  const std::string good = file({bytes({0, 0x90, 60, 100, 10, 60, 0}) + kEnd});
  for (size_t cut = 0; cut < good.size(); ++cut)
    EXPECT_THROW(read_midi(good.substr(0, cut), "x"), DataError) << cut;
  expect_midi_fault("RIFF....", "RIFF");
  expect_midi_fault("something else", "is no MIDI file");
  expect_midi_fault(file({kEnd}, 96, 3), "format 3");
  expect_midi_fault(file({kEnd}, 0), "0 ticks");
  expect_midi_fault(file({kEnd}, 96, 1, 10000), "the header tells of 10000 tracks, the file ends after 1");
  expect_midi_fault(file({bytes({0, 0xff, 0x51, 3, 0, 0, 0}) + kEnd}), "a tempo of 0");
  expect_midi_fault(file({bytes({0, 0xff, 0x51, 2, 0, 0}) + kEnd}), "a tempo of 2 bytes");
  expect_midi_fault(file({bytes({0, 0xff, 0x58, 4, 0, 2, 24, 8}) + kEnd}), "a meter of 0");
  expect_midi_fault(file({bytes({0, 60, 100}) + kEnd}), "without a status");
  expect_midi_fault(file({bytes({0, 0x90, 60, 200}) + kEnd}), "0xc8 where 0..127");
  expect_midi_fault(file({bytes({0, 0xf4}) + kEnd}), "0xf4");
  expect_midi_fault(file({bytes({0x80, 0x80, 0x80, 0x80, 0x80})}), "more than four bytes");
  expect_midi_fault(file({bytes({0, 0xf0, 0x7f, 1})}), "127 bytes where 1");
}

TEST(Midi, TenThousandTracks) {
  std::vector<std::string> tracks(10000, bytes({0, 0x90, 60, 64, 10, 60, 0}) + kEnd);
  const auto midi = read_midi(file(tracks), "x");
  EXPECT_EQ(midi.notes.size(), 10000u);
  EXPECT_EQ(midi.notes.back().track, 9999);
  EXPECT_EQ(roll_of(midi, 1, "x").frames, (std::vector<Chord>{{60}}));
}

TEST(Midi, WrittenAndReadAgain) {
  MidiFile midi;
  midi.notes = {{0, 480, 60, 80, 0, 0}, {0, 960, 64, 70, 1, 1}, {480, 100000, 60, 80, 0, 0}};
  midi.tempos = {{0, 600000}, {960, 400000}};
  midi.meters = {{0, 3, 4}};
  midi.programs = {{0, 19}};
  auto again = read_midi(write_midi(midi), "x");
  for (auto& note : again.notes) --note.track;  // the first one is the conductor's
  EXPECT_EQ(again.notes, midi.notes);
  EXPECT_EQ(again.tempos, midi.tempos);
  EXPECT_EQ(again.meters, midi.meters);
  EXPECT_EQ(again.programs, midi.programs);
  midi.notes[0].key = 128;
  EXPECT_THROW(write_midi(midi), Error);
}

TEST(MidiRoll, ThereAndBack) {
  const PianoRoll roll = {{{48, 60}, {48, 60}, {48, 62}, {}, {48}}};
  RollFormat format{.frames_per_beat = 2};
  const auto held = midi_of(roll, format);
  EXPECT_EQ(held.notes, (std::vector<MidiNote>{{0, 720, 48, 80, 0, 0},
                                               {0, 480, 60, 80, 0, 0},
                                               {480, 240, 62, 80, 0, 0},
                                               {960, 240, 48, 80, 0, 0}}));
  EXPECT_EQ(roll_of(held, 2, "x").frames, roll.frames);
  format.articulation = Articulation::choral;
  const auto choral = midi_of(roll, format);
  EXPECT_EQ(choral.notes.size(), 5u);  // the bass is sung anew below the new chord
  EXPECT_EQ(roll_of(choral, 2, "x").frames, roll.frames);
}

TEST(MidiRoll, RoundsAndLeavesOut) {
  MidiFile midi;
  midi.division = 100;
  midi.notes = {{0, 10, 60, 80, 0, 0},    // short, but heard
                {90, 115, 62, 80, 0, 0},  // a little early and late
                {50, 50, 64, 80, 0, 0},   // between two hearing points
                {0, 300, 5, 80, 0, 0},    // no key of a piano
                {0, 300, 60, 80, 9, 0}};  // percussion
  EXPECT_EQ(roll_of(midi, 1, "x").frames, (std::vector<Chord>{{60}, {62}, {}}));
  EXPECT_EQ(roll_of(midi, 2, "x").frames, (std::vector<Chord>{{60}, {64}, {62}, {62}, {}, {}}));
  midi.notes = {{int64_t{1} << 35, 1, 60, 80, 0, 0}};
  EXPECT_THROW(roll_of(midi, 1, "x"), DataError);
  EXPECT_TRUE(roll_of({}, 1, "x").frames.empty());
}

TEST(Synthesizer, SoundsAtItsPitch) {
  MidiFile midi;
  midi.notes = {{0, 960, 69, 100, 0, 0}, {0, 960, 40, 100, 9, 0}};
  const auto samples = synthesize(midi, 8000);
  EXPECT_EQ(samples.size(0), 8000 + 12000);
  EXPECT_LE(samples.abs().max().item<float>(), 0.9F);
  // One second of A: the strongest frequency is 440 Hz.
  const auto spectrum = at::fft_rfft(samples.narrow(0, 0, 8000)).abs();
  EXPECT_EQ(spectrum.argmax().item<int64_t>(), 440);
  EXPECT_EQ(samples.narrow(0, 12000, 8000).abs().max().item<float>(), 0);  // silence after the release
  EXPECT_EQ(synthesize({}, 8000).abs().max().item<float>(), 0);
}

}  // namespace
}  // namespace conclave
