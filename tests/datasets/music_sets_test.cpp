#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "datasets/json_chorales.h"
#include "datasets/poly_music.h"
#include "datasets/pop909.h"
#include "framework/base/error.h"
#include "framework/base/file.h"
#include "testing/testing.h"

namespace conclave {
namespace {

using testing::TempDir;

TEST(JsonChorales, RestsAndUnisons) {
  const TempDir dir;
  write_file(dir / "jsb-chorales-8th.json", R"({"train": [[[60, 72.0, 60, -1], []], [[48]]], "test": []})");
  const auto set = load_music_set("jsb-8th", dir.path(), "train");
  ASSERT_EQ(set.pieces.size(), 2u);
  EXPECT_EQ(set.pieces[0].frames, (std::vector<Chord>{{60, 72}, {}}));
  EXPECT_EQ(set.frames(), 3);
  EXPECT_THROW(load_music_set("jsb-8th", dir.path(), "test"), DataError);
  EXPECT_THROW(load_music_set("jsb-4th", dir.path(), "test"), UsageError);
  EXPECT_THROW(load_music_set("jsb-8th", dir.path(), "dev"), UsageError);
  for (const char* bad : {R"({"train": [[[5]]]})", R"({"train": [[["C"]]]})", R"({"train": [[60]]})",
                          R"({"train": [60]})", R"({"train": [[[60.5]]]})", "[]", "{"}) {
    write_file(dir / "jsb-chorales-8th.json", bad);
    EXPECT_THROW(load_json_chorales("8th", dir.path(), "train"), DataError) << bad;
  }
}

// The two publications of the chorales tell the same pieces.
TEST(JsonChorales, AgreesWithThePianoRolls) {
  CONCLAVE_NEED_DATA("music/jsb-chorales/jsb-chorales-quarter.json");
  const auto dir = *testing::data_dir() / "music";
  for (const char* split : {"train", "valid", "test"}) {
    const auto json = load_music_set("jsb-quarter", dir, split), rolls = load_music_set("jsb", dir, split);
    ASSERT_EQ(json.pieces.size(), rolls.pieces.size());
    for (size_t i = 0; i < json.pieces.size(); ++i)
      EXPECT_EQ(json.pieces[i].frames, rolls.pieces[i].frames) << split << " " << i;
  }
}

TEST(Pop909, TheLongestKeyCounts) {
  const TempDir dir;
  write_file(dir / "007" / std::filesystem::path("key_audio.txt"),
             "0 10 G:maj\n10 25.5\tF#:min\n26 30 G:maj\n");
  auto songs = load_pop909(dir.path());
  ASSERT_EQ(songs.size(), 1u);
  EXPECT_EQ(songs[0].id, "007");
  EXPECT_EQ(key_name(songs[0].key), "F# minor");
  EXPECT_EQ(songs[0].changes, 2);
  const auto beats = dir / "007" / std::filesystem::path("beat_midi.txt");
  write_file(beats, "0.5 1.0 1.0\n1.25 0.0 0.0\n\n2 1.0 0.0\n");
  EXPECT_EQ(pop909_beats(songs[0]), (std::vector<double>{0.5, 1.25, 2}));
  for (const char* bad : {"", "1 1 1\n", "2 1 1\n1 1 1\n", "-1\n2\n", "a\nb\n"}) {
    write_file(beats, bad);
    EXPECT_THROW(pop909_beats(songs[0]), DataError) << bad;
  }
  for (const char* bad : {"", "0 1 H:maj", "0 1 C:dorian", "0 1 C", "5 1 C:maj", "a b C:maj"}) {
    write_file(dir / "007" / std::filesystem::path("key_audio.txt"), bad);
    EXPECT_THROW(load_pop909(dir.path()), DataError) << bad;
  }
  EXPECT_THROW(load_pop909(dir / "nowhere"), DataError);
}

TEST(Pop909, AllSongsHaveAKey) {
  CONCLAVE_NEED_DATA("music/pop909/001/key_audio.txt");
  EXPECT_EQ(load_pop909(*testing::data_dir() / "music").size(), 303u);
}

}  // namespace
}  // namespace conclave
