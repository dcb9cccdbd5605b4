#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <tuple>

#include "framework/base/error.h"
#include "framework/base/random.h"
#include "framework/media/musicxml_file.h"

namespace conclave {
namespace {

using ::testing::HasSubstr;

std::string score(const std::string& measures, const std::string& listed = "") {
  return "<?xml version=\"1.0\"?><!DOCTYPE score-partwise PUBLIC \"-//Recordare//DTD MusicXML 4.0 "
         "Partwise//EN\" \"http://www.musicxml.org/dtds/partwise.dtd\"><score-partwise version=\"4.0\">"
         "<part-list><score-part id=\"P1\"><part-name>a</part-name>" +
         listed + "</score-part></part-list><part id=\"P1\">" + measures + "</part></score-partwise>";
}

std::string sound(const std::string& step, int octave, int duration, const std::string& more = "",
                  const std::string& first = "") {
  return "<note>" + first + "<pitch><step>" + step + "</step><octave>" + std::to_string(octave) +
         "</octave></pitch><duration>" + std::to_string(duration) + "</duration>" + more + "</note>";
}

void expect_xml_fault(const std::string& xml, const std::string& part) {
  try {
    read_musicxml(xml, "x.musicxml");
    ADD_FAILURE() << "no error: " << part;
  } catch (const DataError& e) {
    EXPECT_THAT(e.what(), HasSubstr(part));
    EXPECT_THAT(e.what(), HasSubstr("x.musicxml"));
  }
}

TEST(MusicXml, VoicesChordsTiesAndSignatures) {
  const auto midi = read_musicxml(
      score("<measure number=\"1\"><attributes><divisions>2</divisions><key><fifths>-3</fifths><mode>minor"
            "</mode></key><time><beats>3</beats><beat-type>4</beat-type></time></attributes>"
            "<direction><sound tempo=\"90\"/></direction>" +
            sound("C", 4, 4) + sound("E", 4, 4, "", "<chord/>") + sound("G", 4, 2, "<tie type=\"start\"/>") +
            "<backup><duration>6</duration></backup>" + "<forward><duration>2</duration></forward>" +
            sound("C", 3, 4, "<voice>2</voice>") + "</measure><measure number=\"2\">" +
            sound("G", 4, 3, "<tie type=\"stop\"/>") +
            "<note><grace/><pitch><step>A</step><octave>4</octave></pitch></note>"
            "<note><rest/><duration>1</duration></note>" +
            "<note><pitch><step>B</step><alter>-1</alter><octave>4</octave></pitch><duration>2</duration>"
            "</note></measure>"),
      "x");
  EXPECT_EQ(midi.division, 480);
  EXPECT_EQ(midi.notes, (std::vector<MidiNote>{{0, 960, 60, 80, 0, 0},
                                               {0, 960, 64, 80, 0, 0},
                                               {480, 960, 48, 80, 0, 0},
                                               {960, 480 + 720, 67, 80, 0, 0},
                                               {1440 + 960, 480, 70, 80, 0, 0}}));
  EXPECT_EQ(midi.keys, (std::vector<MidiKey>{{0, -3, true}}));
  EXPECT_EQ(midi.meters, (std::vector<MidiMeter>{{0, 3, 4}}));
  EXPECT_EQ(midi.tempos, (std::vector<MidiTempo>{{0, 666667}}));
}

// Two voices hold one pitch over a bar line; each goes on with its own tie.
TEST(MusicXml, TiesOfOnePitchInTwoVoices) {
  const std::string bar = "<backup><duration>2</duration></backup>", start = "<tie type=\"start\"/>",
                    stop = "<tie type=\"stop\"/>", one = "<voice>1</voice>", two = "<voice>2</voice>";
  const auto midi = read_musicxml(
      score(
          "<measure><attributes><divisions>1</divisions><time><beats>2</beats><beat-type>4</beat-type></time>"
          "</attributes>" +
          sound("G", 4, 2, start + one) + bar + sound("G", 4, 2, start + two) + "</measure><measure>" +
          sound("G", 4, 2, stop + two) + bar + sound("G", 4, 1, stop + one) + "</measure>"),
      "x");
  ASSERT_EQ(midi.notes.size(), 2u);
  EXPECT_EQ(midi.notes[0].length + midi.notes[1].length, 3 * 480 + 4 * 480);
  EXPECT_EQ(read_musicxml(write_musicxml(midi), "y").notes.size(), 2u);
}

TEST(MusicXml, TransposingInstrumentPercussionAndMetronome) {
  const auto midi = read_musicxml(
      score("<measure><attributes><divisions>1</divisions><time><beats>3+2</beats><beat-type>8</beat-type>"
            "</time><transpose><diatonic>-1</diatonic><chromatic>-2</chromatic><octave-change>-1"
            "</octave-change></transpose></attributes><direction><direction-type><metronome><beat-unit>eighth"
            "</beat-unit><beat-unit-dot/><per-minute>120</per-minute></metronome></direction-type></"
            "direction>" +
                sound("D", 5, 1) +
                "<note dynamics=\"100\"><unpitched/><duration>1</duration><instrument id=\"I\"/></note>"
                "</measure>",
            "<midi-instrument id=\"I\"><midi-channel>3</midi-channel><midi-program>12</midi-program>"
            "<midi-unpitched>43</midi-unpitched></midi-instrument>"),
      "x");
  EXPECT_EQ(midi.notes, (std::vector<MidiNote>{{0, 480, 60, 80, 2, 0}, {480, 480, 42, 90, 9, 0}}));
  EXPECT_EQ(midi.programs, (std::vector<MidiProgram>{{2, 11}}));
  EXPECT_EQ(midi.meters, (std::vector<MidiMeter>{{0, 5, 8}}));
  EXPECT_EQ(midi.tempos, (std::vector<MidiTempo>{{0, 666667}}));
}

TEST(MusicXml, TimewiseScoresAndEmptyMeasures) {
  const auto midi = read_musicxml(
      "<score-timewise><part-list><score-part id=\"A\"/><score-part id=\"B\"/></part-list>"
      "<measure><part id=\"A\"/><part id=\"B\"/></measure><measure><part id=\"B\">" +
          sound("A", 4, 1) + "</part></measure></score-timewise>",
      "x");
  EXPECT_EQ(midi.notes, (std::vector<MidiNote>{{4 * 480, 480, 69, 80, 1, 1}}));
}

TEST(MusicXml, TripletsKeepTheirPlaces) {
  std::string notes = "<measure><attributes><divisions>7</divisions></attributes>";
  for (int i = 0; i < 7; ++i) notes += sound("C", 4, 1);
  const auto midi = read_musicxml(score(notes + "</measure>"), "x");
  EXPECT_EQ(midi.division, 3360);
  ASSERT_EQ(midi.notes.size(), 7u);
  EXPECT_EQ(midi.notes[6].start, 6 * 480);
}

// Overlaps, notes across bars and meters, two tracks and percussion: what is written is read back as it was.
TEST(MusicXml, WhatIsWrittenIsReadAgain) {
  MidiFile midi;
  midi.division = 480;
  midi.tempos = {{0, 600000}, {700, 415000}};
  midi.meters = {{0, 3, 4}, {1440, 6, 8}};
  midi.keys = {{0, 4, false}, {1440, -5, true}};
  midi.programs = {{0, 19}, {1, 40}};
  midi.notes = {{0, 3000, 36, 64, 0, 0},    {0, 160, 72, 80, 0, 0},    {0, 480, 38, 100, 9, 2},
                {160, 160, 73, 80, 0, 0},   {320, 160, 75, 80, 0, 0},  {480, 700, 61, 80, 0, 0},
                {480, 700, 68, 80, 0, 0},   {500, 2000, 58, 80, 1, 1}, {900, 1000, 70, 33, 0, 0},
                {1440, 240, 42, 100, 9, 2}, {2000, 37, 81, 127, 0, 0}};
  std::sort(midi.notes.begin(), midi.notes.end(), [](const MidiNote& a, const MidiNote& b) {
    return std::tie(a.start, a.key) < std::tie(b.start, b.key);
  });
  const std::string written = write_musicxml(midi);
  const MidiFile again = read_musicxml(written, "written");
  EXPECT_EQ(again.notes, midi.notes);
  EXPECT_EQ(again.tempos, midi.tempos);
  EXPECT_EQ(again.meters, midi.meters);
  EXPECT_EQ(again.keys, midi.keys);
  EXPECT_EQ(again.programs, midi.programs);
  EXPECT_EQ(write_musicxml(again), written);
}

// Voices that share keys, ties over bars within and beside them, and MIDI's lowest octave.
TEST(MusicXml, ManyVoicesAreReadAgain) {
  for (uint64_t seed = 0; seed < 200; ++seed) {
    Random random(seed, "score");
    const auto below = [&](uint64_t n) { return static_cast<int64_t>(random.below(n)); };
    MidiFile midi;
    const int lowest = seed % 4 == 0 ? 0 : 58;
    midi.keys = {{0, static_cast<int>(below(15)) - 7, false}};
    for (int key = lowest; key < lowest + 4; ++key)
      for (int64_t at = 60 * below(8); at < 6 * 480;) {
        const int64_t length = 60 * (1 + below(30));
        midi.notes.push_back({at, length, key, 80, 0, 0});
        at += length + 60 * below(6);
      }
    std::sort(midi.notes.begin(), midi.notes.end(), [](const MidiNote& a, const MidiNote& b) {
      return std::tie(a.start, a.key) < std::tie(b.start, b.key);
    });
    ASSERT_EQ(read_musicxml(write_musicxml(midi), "x").notes, midi.notes) << "seed " << seed;
  }
}

TEST(MusicXml, EntitiesAreNotExpanded) {
  expect_xml_fault(
      "<!DOCTYPE score-partwise [<!ENTITY a \"1111111111\"><!ENTITY b \"&a;&a;&a;\"><!ENTITY c SYSTEM "
      "\"file:///etc/hostname\">]><score-partwise><part-list><score-part id=\"P\"/></part-list><part "
      "id=\"P\"><measure><note><duration>&b;&c;</duration></note></measure></part></score-partwise>",
      "duration \"&b;&c;\" is no number");
}

TEST(MusicXml, APianoHasTwoStaves) {
  MidiFile midi;
  midi.notes = {{0, 480, 48, 80, 0, 0}, {0, 480, 72, 80, 0, 0}, {480, 960, 76, 80, 0, 0}};
  const std::string written = write_musicxml(midi);
  EXPECT_THAT(written, HasSubstr("<staves>2</staves>"));
  EXPECT_EQ(read_musicxml(written, "x").notes, midi.notes);
  midi.notes.erase(midi.notes.begin());
  EXPECT_THAT(write_musicxml(midi), ::testing::Not(HasSubstr("<staff")));
}

TEST(MusicXml, AccidentalsFollowTheKey) {
  MidiFile midi;
  midi.notes = {{0, 480, 61, 80, 0, 0}};
  midi.keys = {{0, -5, false}};
  EXPECT_THAT(write_musicxml(midi),
              ::testing::AllOf(HasSubstr("<step>D</step>"), HasSubstr("<alter>-1</alter>")));
  midi.keys = {{0, 6, false}};
  EXPECT_THAT(write_musicxml(midi),
              ::testing::AllOf(HasSubstr("<step>C</step>"), HasSubstr("<alter>1</alter>")));
  midi.notes[0].key = 65;  // E sharp in F sharp major
  EXPECT_THAT(write_musicxml(midi), HasSubstr("<step>E</step>"));
  midi.keys = {{0, -6, false}};
  midi.notes[0].key = 59;  // C flat, an octave number above
  EXPECT_THAT(write_musicxml(midi),
              ::testing::AllOf(HasSubstr("<step>C</step>"), HasSubstr("<octave>4</octave>")));
}

TEST(MusicXml, APieceWithoutNotesIsAScore) {
  EXPECT_TRUE(read_musicxml(write_musicxml({}), "x").notes.empty());
}

TEST(MusicXml, WhatIsRefused) {
  expect_xml_fault("", "No document element");
  expect_xml_fault("<a><b></a>", "byte");
  expect_xml_fault(std::string(kLargestMusicXml + 1, ' '), "more than");
  expect_xml_fault("<html/>", "no MusicXML score");
  expect_xml_fault(std::string("PK\x03\x04") + "x", "packed");
  expect_xml_fault("<score-partwise/>", "has no part");
  expect_xml_fault(
      "<score-partwise><part-list><score-part id=\"A\"/><score-part id=\"A\"/></part-list>"
      "</score-partwise>",
      "twice");
  expect_xml_fault(
      "<score-partwise><part-list><score-part id=\"A\"/></part-list><part id=\"B\"/>"
      "</score-partwise>",
      "not in the list");
  const auto measure = [](const std::string& inside) { return score("<measure>" + inside + "</measure>"); };
  expect_xml_fault(measure(sound("H", 4, 1)), "step");
  expect_xml_fault(measure(sound("C", 99, 1)), "octave");
  expect_xml_fault(measure(sound("B", 9, 1)), "outside");
  expect_xml_fault(measure(sound("C", 4, -1)), "duration");
  expect_xml_fault(measure(sound("C", 4, 2'000'000'000)), "duration");
  expect_xml_fault(
      measure("<note><pitch><step>C</step><octave>4</octave></pitch><duration>nan</duration></note>"),
      "no number");
  expect_xml_fault(measure("<note><pitch><step>C</step><octave>4</octave></pitch></note>"), "duration");
  expect_xml_fault(measure(sound("C", 4, 1, "", "<chord/>")), "chord");
  expect_xml_fault(measure("<backup><duration>1</duration></backup>"), "before the measure");
  expect_xml_fault(measure("<attributes><divisions>0</divisions></attributes>"), "divisions");
  expect_xml_fault(measure("<sound tempo=\"0\"/>"), "tempo");
  expect_xml_fault(measure("<attributes><time><beats>0</beats><beat-type>4</beat-type></time></attributes>"),
                   "meter");
  expect_xml_fault(measure("<attributes><time><beats>4</beats><beat-type>3</beat-type></time></attributes>"),
                   "meter");
  expect_xml_fault(measure("<attributes><key><fifths>8</fifths></key></attributes>"), "fifths");
}

}  // namespace
}  // namespace conclave
