#include "framework/media/resize.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "framework/base/error.h"
#include "framework/base/file.h"
#include "framework/media/picture_input.h"
#include "testing/testing.h"

namespace conclave {
namespace {

/// [H,W,3] with 10 * x in the first channel, y in the second.
at::Tensor ramp(int64_t width, int64_t height) {
  const auto x = at::arange(width).mul(10).remainder(256).view({1, width, 1}).expand({height, width, 1});
  const auto y = at::arange(height).view({height, 1, 1}).expand({height, width, 1});
  return at::cat({x, y, at::zeros_like(y)}, 2).to(at::kByte).contiguous();
}

std::vector<std::array<int64_t, 4>> boxes(const ResizedPicture& picture) {
  std::vector<std::array<int64_t, 4>> list;
  for (const auto& tile : picture.record.tiles) list.push_back({tile.x, tile.y, tile.width, tile.height});
  return list;
}

using Boxes = std::vector<std::array<int64_t, 4>>;

TEST(Tiles, AreSpacedEvenlyAlongTheLongSide) {
  const auto tiles = [](int64_t width, int64_t height, int64_t most) {
    return boxes(resize_picture(at::zeros({height, width, 3}, at::kByte),
                                {.policy = "tiles", .size = 8, .max_tiles = most}));
  };
  EXPECT_EQ(tiles(400, 100, 3), (Boxes{{0, 0, 100, 100}, {150, 0, 100, 100}, {300, 0, 100, 100}}));
  EXPECT_EQ(tiles(100, 400, 3), (Boxes{{0, 0, 100, 100}, {0, 150, 100, 100}, {0, 300, 100, 100}}));
  EXPECT_EQ(tiles(100, 100, 3), (Boxes{{0, 0, 100, 100}}));
  EXPECT_EQ(tiles(400, 100, 9).size(), 4u);
  EXPECT_EQ(tiles(150, 100, 9), (Boxes{{0, 0, 100, 100}, {50, 0, 100, 100}}));
  EXPECT_EQ(tiles(400, 100, 1), (Boxes{{150, 0, 100, 100}}));
  EXPECT_EQ(tiles(1, 1, 3), (Boxes{{0, 0, 1, 1}}));
}

TEST(Tiles, ShowTheirPartOfThePicture) {
  const auto result = resize_picture(ramp(20, 4), {.policy = "tiles", .size = 4, .max_tiles = 3});
  ASSERT_EQ(result.tiles.size(), 3u);
  EXPECT_TRUE(at::equal(result.tiles[1], ramp(20, 4).slice(1, 8, 12)));
  EXPECT_TRUE(at::equal(result.tiles[2], ramp(20, 4).slice(1, 16, 20)));
}

TEST(Resize, ShrinkingAveragesAreas) {
  const auto picture = ramp(8, 8);
  const auto result = resize_picture(picture, {.policy = "stretch", .size = 4});
  const auto mean = picture.to(at::kFloat).view({4, 2, 4, 2, 3}).mean(at::IntArrayRef{1, 3});
  EXPECT_LE((result.tiles[0].to(at::kFloat) - mean).abs().max().item<float>(), 0.5f);
  // One bright column in four: every output pixel that covers it keeps its share.
  auto line = at::zeros({16, 16, 3}, at::kByte);
  line.select(1, 5).fill_(240);
  EXPECT_EQ(resize_picture(line, {.size = 4}).tiles[0][0][1][0].item<int>(), 60);
}

TEST(Resize, StretchMayShrinkOneSideAndEnlargeTheOther) {
  auto picture = at::zeros({2, 16, 3}, at::kByte);
  picture.select(1, 3).fill_(200);
  const auto tile = resize_picture(picture, {.size = 4}).tiles[0];
  EXPECT_EQ(tile.sizes(), (at::IntArrayRef{4, 4, 3}));
  for (int y = 0; y < 4; ++y) EXPECT_EQ(tile[y][0][0].item<int>(), 50);
}

TEST(Resize, NearestKeepsTheValues) {
  auto picture = at::zeros({2, 2, 3}, at::kByte);
  picture[0][1].fill_(200);
  const auto tile = resize_picture(picture, {.size = 4, .filter = "nearest"}).tiles[0];
  const auto expected = picture.repeat_interleave(2, 0).repeat_interleave(2, 1);
  EXPECT_TRUE(at::equal(tile, expected));
  EXPECT_FALSE(at::equal(resize_picture(picture, {.size = 4, .filter = "bilinear"}).tiles[0], expected));
}

TEST(Resize, PadKeepsTheProportions) {
  const auto result = resize_picture(at::full({4, 8, 3}, 9, at::kByte),
                                     {.policy = "pad", .size = 16, .pad_color = {1, 2, 3}});
  EXPECT_EQ(result.record.to_json().dump(),
            R"({"policy":"pad","input_size":[8,4],"resized_to":[16,8],"tiles":[[0,0,8,4]]})");
  const auto& tile = result.tiles[0];
  EXPECT_TRUE(at::equal(tile.slice(0, 4, 12), at::full({8, 16, 3}, 9, at::kByte)));
  for (int y : {0, 3, 12, 15})
    for (int c = 0; c < 3; ++c) EXPECT_EQ(tile[y][7][c].item<int>(), c + 1);
  EXPECT_EQ(
      resize_picture(at::zeros({1, 1000, 3}, at::kByte), {.policy = "pad", .size = 8}).record.resized_height,
      1);
}

TEST(Resize, CropTakesTheMiddle) {
  const auto result = resize_picture(ramp(10, 4), {.policy = "crop", .size = 4});
  EXPECT_EQ(boxes(result), (Boxes{{3, 0, 4, 4}}));
  EXPECT_TRUE(at::equal(result.tiles[0], ramp(10, 4).slice(1, 3, 7)));
}

TEST(Resize, BadOptionsAreRefused) {
  const auto picture = ramp(4, 4);
  EXPECT_THROW(resize_picture(picture, {.policy = "squash"}), UsageError);
  EXPECT_THROW(resize_picture(picture, {.size = 0}), UsageError);
  EXPECT_THROW(resize_picture(picture, {.max_tiles = 0}), UsageError);
  EXPECT_THROW(resize_picture(picture, {.filter = "cubic"}), UsageError);
  EXPECT_THROW(resize_picture(picture, {.pad_color = {1, 2}}), UsageError);
  EXPECT_THROW(resize_picture(picture.to(at::kFloat), {}), Error);
}

TEST(PictureInputConfig, IsReadAndWrittenAsJson) {
  const auto json = Json::parse(R"({"policy": "tiles", "size": 64, "max_tiles": 3, "filter": "nearest",
    "pad_color": [0, 1, 2], "background": "black", "max_pixels": 5, "mean": [0.1, 0.2, 0.3], "std": [1, 2, 3]})");
  const auto config = PictureInputConfig::from_json(json);
  EXPECT_EQ(config.resize.policy, "tiles");
  EXPECT_EQ(config.resize.max_tiles, 3);
  EXPECT_EQ(config.open.background, "black");
  EXPECT_EQ(config.open.max_pixels, 5);
  EXPECT_EQ(config.std[2], 3);
  EXPECT_EQ(Json::parse(config.to_json().dump()),
            Json::parse(PictureInputConfig::from_json(config.to_json()).to_json().dump()));
  EXPECT_EQ(PictureInputConfig::from_json(Json::object()).to_json(), PictureInputConfig().to_json());
}

TEST(PictureInputConfig, WrongValuesAreNamed) {
  for (const auto& [text, part] :
       {std::pair{R"({"policy": "fit"})", "stretch, pad, crop, tiles"}, std::pair{R"({"sise": 3})", "sise"},
        std::pair{R"({"size": 0})", "size"}, std::pair{R"({"mean": [1, 2]})", "picture.mean has 2 numbers"},
        std::pair{R"({"std": [1, 0, 1]})", "picture.std"}, std::pair{R"({"max_tiles": "3"})", "max_tiles"}}) {
    try {
      PictureInputConfig::from_json(Json::parse(text));
      ADD_FAILURE() << text;
    } catch (const UsageError& e) {
      EXPECT_NE(std::string(e.what()).find(part), std::string::npos) << e.what();
    }
  }
}

TEST(PictureInput, NlvrGivesItsThreeBoxes) {
  CONCLAVE_NEED_DATA("vqa/nlvr/dev/images/3/dev-1085-3-0.png");
  PictureInputConfig config;
  config.resize = {.policy = "tiles", .size = 32, .max_tiles = 3};
  const auto input =
      load_picture_input(*testing::data_dir() / "vqa/nlvr/dev/images/3/dev-1085-3-0.png", config);
  EXPECT_EQ(input.pixels_N3SS.sizes(), (at::IntArrayRef{3, 3, 32, 32}));
  EXPECT_EQ(input.record.tiles[1].x, 150);
  EXPECT_LE(input.pixels_N3SS.abs().max().item<float>(), 1.0f);
}

}  // namespace
}  // namespace conclave
