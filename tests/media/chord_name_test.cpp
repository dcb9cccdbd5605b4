#include "framework/media/chord_name.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "framework/base/error.h"

namespace conclave {
namespace {

PitchClasses classes(std::initializer_list<size_t> members) {
  PitchClasses set;
  for (const size_t member : members) set.set(member);
  return set;
}

TEST(ChordName, Kinds) {
  EXPECT_EQ(parse_chord("C").classes, classes({0, 4, 7}));
  EXPECT_EQ(parse_chord("Am").classes, classes({9, 0, 4}));
  EXPECT_EQ(parse_chord("Bbmaj7").classes, classes({10, 2, 5, 9}));
  EXPECT_EQ(parse_chord("F#m7b5").classes, classes({6, 9, 0, 4}));
  EXPECT_EQ(parse_chord("G7").classes, classes({7, 11, 2, 5}));
  EXPECT_EQ(parse_chord("C").bass, -1);
  EXPECT_EQ(parse_chord("C").beats, 0);
}

TEST(ChordName, BassAndLength) {
  const auto chord = parse_chord("Dm/C:1.5");
  EXPECT_EQ(chord.classes, classes({2, 5, 9, 0}));
  EXPECT_EQ(chord.bass, 0);
  EXPECT_EQ(chord.beats, 1.5);
}

TEST(ChordName, WhatIsNone) {
  for (const char* name :
       {"", "H", "C9", "Cmajor", "C/", "C/Gm", "C:", "C:0", "C:0.1", "C:-1", "C:x", "C:inf", ":2", "/C"})
    EXPECT_THROW(parse_chord(name), UsageError) << name;
}

}  // namespace
}  // namespace conclave
