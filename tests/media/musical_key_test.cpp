#include "framework/media/musical_key.h"

#include <gtest/gtest.h>

#include "framework/base/error.h"

namespace conclave {
namespace {

TEST(MusicalKey, ScalesAreInTheirKeys) {
  const Chord d_major = {62, 64, 66, 67, 69, 71, 73}, triad = {62, 66, 69};
  EXPECT_EQ(find_key({{d_major, triad, triad}}), (MusicalKey{2, false}));
  EXPECT_EQ(find_key({{{57, 60, 64}, {56, 59, 64}, {57, 60, 64}}}), (MusicalKey{9, true}));
  EXPECT_EQ(find_key({}), (MusicalKey{0, false}));
}

TEST(MusicalKey, Names) {
  EXPECT_EQ(parse_key("Bbm"), (MusicalKey{10, true}));
  EXPECT_EQ(parse_key("c"), (MusicalKey{0, false}));
  EXPECT_EQ(parse_key("Cb"), (MusicalKey{11, false}));
  EXPECT_EQ(key_name(parse_key("F#")), "F# major");
  for (const char* bad : {"", "H", "C##", "Cmm", "m", "C major"})
    EXPECT_THROW(parse_key(bad), UsageError) << bad;
  EXPECT_EQ(semitones_between(0, 7), -5);
  EXPECT_EQ(semitones_between(11, 1), 2);
  EXPECT_EQ(semitones_between(0, 6), 6);
}

}  // namespace
}  // namespace conclave
