#include "framework/media/frames.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "encode_video.h"
#include "framework/base/error.h"
#include "framework/base/file.h"
#include "testing/testing.h"

namespace conclave {
namespace {

using testing::TempDir;
using testing::write_video;

int red(const at::Tensor& picture_HW3) {
  return picture_HW3[0][0][0].item<int>();
}

std::vector<std::array<uint8_t, 3>> reds(int count) {
  std::vector<std::array<uint8_t, 3>> colors;
  for (int i = 0; i < count; ++i) colors.push_back({static_cast<uint8_t>(10 * i), 100, 200});
  return colors;
}

TEST(Frames, AreThoseAtTheMiddleOfEqualParts) {
  TempDir dir;
  write_video(dir / "a.mkv", 32, 16, reds(20), 10);  // 2 seconds
  const auto frames = load_frames(dir / "a.mkv", 4);
  ASSERT_EQ(frames.pictures.size(), 4u);
  EXPECT_NEAR(frames.duration, 2, 0.02);
  const double moments[] = {0.2, 0.7, 1.2, 1.7};  // 0.25, 0.75, ... show the frames that began there
  for (int i = 0; i < 4; ++i) {
    EXPECT_NEAR(frames.seconds[i], moments[i], 0.001);
    EXPECT_EQ(red(frames.pictures[i]), static_cast<int>(100 * moments[i] + 0.5));
    EXPECT_EQ(frames.pictures[i].sizes(), (at::IntArrayRef{16, 32, 3}));
    EXPECT_EQ(frames.pictures[i][15][31][2].item<int>(), 200);
  }
}

TEST(Frames, OfTheNumbersThatAreAskedFor) {
  TempDir dir;
  write_video(dir / "a.mkv", 32, 16, reds(20), 10);
  const auto frames = load_numbered_frames(dir / "a.mkv", [](int64_t count, double rate) {
    EXPECT_EQ(count, 20);
    EXPECT_NEAR(rate, 10, 0.01);
    return std::vector<int64_t>{0, 3, 19};
  });
  ASSERT_EQ(frames.pictures.size(), 3u);
  EXPECT_EQ(frames.numbers, (std::vector<int64_t>{0, 3, 19}));
  EXPECT_EQ(frames.count, 20);
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ(red(frames.pictures[i]), 10 * frames.numbers[i]);
  for (const std::vector<int64_t>& wrong : {std::vector<int64_t>{3, 2}, {1, 1}, {20}, {-1}, {}})
    EXPECT_THROW(load_numbered_frames(dir / "a.mkv", [&](int64_t, double) { return wrong; }), Error);
}

TEST(Frames, AVideoCutShortIsAnError) {
  TempDir dir;
  write_video(dir / "a.mkv", 64, 48, reds(20), 10);
  const std::string bytes = read_file(dir / "a.mkv");
  for (const size_t kept : {bytes.size() / 2, bytes.size() * 3 / 4}) {
    write_file(dir / "cut.mkv", bytes.substr(0, kept));
    EXPECT_THROW(load_frames(dir / "cut.mkv", 4), DataError) << kept << " of " << bytes.size();
  }
}

TEST(Frames, AShortVideoGivesEachFrameOnce) {
  TempDir dir;
  write_video(dir / "a.mkv", 16, 16, reds(3), 5);
  const auto frames = load_frames(dir / "a.mkv", 10);
  ASSERT_EQ(frames.pictures.size(), 3u);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(red(frames.pictures[i]), 10 * i);
  write_video(dir / "b.mkv", 16, 16, reds(1), 5);
  EXPECT_EQ(load_frames(dir / "b.mkv", 2).pictures.size(), 1u);
}

TEST(Frames, AGifIsAVideoAndItsFirstFrameAPicture) {
  TempDir dir;
  write_video(dir / "a.gif", 20, 10, {{255, 0, 0}, {0, 255, 0}, {0, 0, 255}, {255, 255, 255}}, 10);
  const auto frames = load_frames(dir / "a.gif", 2);
  ASSERT_EQ(frames.pictures.size(), 2u);
  EXPECT_NEAR(frames.seconds[0], 0.1, 0.011);
  EXPECT_GT(frames.pictures[0][0][0][1].item<int>(), 240);  // the second frame is green
  const auto picture = load_picture(dir / "a.gif");
  EXPECT_EQ(picture.sizes(), (at::IntArrayRef{10, 20, 3}));
  EXPECT_GT(red(picture), 240);
  EXPECT_LT(picture[0][0][1].item<int>(), 15);
}

std::string error_of(const std::filesystem::path& path, const PictureOptions& options = {}) {
  try {
    load_frames(path, 3, options);
  } catch (const DataError& e) {
    return e.what();
  }
  return "no DataError";
}

TEST(Frames, BadFilesAreRefused) {
  TempDir dir;
  const auto has = [](const std::string& text, const std::string& part) {
    EXPECT_NE(text.find(part), text.npos) << text;
  };
  write_video(dir / "a.mkv", 64, 32, reds(2), 5);
  has(error_of(dir / "a.mkv", {.max_pixels = 2047}), "64 x 32");
  EXPECT_EQ(error_of(dir / "a.mkv", {.max_pixels = 2048}), "no DataError");
  has(error_of(dir / "none.mkv"), "no such file");
  write_file(dir / "text.mp4", "{\"no\": \"video\"}");
  has(error_of(dir / "text.mp4"), "cannot be opened as video (it is text)");
  // A playlist that names another file must not be followed.
  write_file(dir / "list.m3u8", "#EXTM3U\n#EXTINF:1,\n" + (dir / "a.mkv").string() + "\n");
  has(error_of(dir / "list.m3u8"), "cannot be opened");
  write_file(dir / "cut.mkv", read_file(dir / "a.mkv").substr(0, 60));
  EXPECT_NE(error_of(dir / "cut.mkv"), "no DataError");
  EXPECT_THROW(load_frames(dir / "a.mkv", 0), UsageError);
}

}  // namespace
}  // namespace conclave
