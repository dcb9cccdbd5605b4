#include "datasets/fsdd.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "framework/base/error.h"
#include "testing/testing.h"

namespace conclave {
namespace {

void touch(const std::filesystem::path& file) {
  std::filesystem::create_directories(file.parent_path());
  std::ofstream(file) << "x";
}

TEST(Fsdd, NamesTellEverything) {
  const testing::TempDir folder;
  for (const char* name :
       {"fsdd/7_ann_12.wav", "fsdd/0_ann_4.wav", "fsdd/3_bob_the_second_0.wav", "fsdd/notes.txt"})
    touch(folder / name);
  const auto clips = list_fsdd(folder.path());
  ASSERT_EQ(clips.size(), 3u);
  EXPECT_EQ(clips[0].digit, 0);
  EXPECT_TRUE(clips[0].in_test());
  EXPECT_EQ(clips[1].index, 12);
  EXPECT_FALSE(clips[1].in_test());
  EXPECT_EQ(clips[2].speaker, "bob_the_second");
  EXPECT_THAT(fsdd_speakers(clips), ::testing::ElementsAre("ann", "bob_the_second"));
}

TEST(Fsdd, OtherFoldersAndNamesAreErrors) {
  const testing::TempDir folder;
  EXPECT_THROW(list_fsdd(folder.path()), DataError);
  for (const char* name : {"10_ann_1.wav", "x_ann_1.wav", "1_ann.wav", "1__1.wav", "1_ann_-1.wav"}) {
    const testing::TempDir other;
    touch(other / name);
    EXPECT_THROW(list_fsdd(other.path()), DataError) << name;
  }
}

TEST(Fsdd, TheRealSet) {
  CONCLAVE_NEED_DATA("speech/fsdd");
  const auto clips = list_fsdd(*testing::data_dir());
  EXPECT_EQ(clips.size(), 3000u);
  EXPECT_EQ(fsdd_speakers(clips).size(), 6u);
  EXPECT_EQ(std::count_if(clips.begin(), clips.end(), [](const FsddClip& c) { return c.in_test(); }), 300);
}

}  // namespace
}  // namespace conclave
