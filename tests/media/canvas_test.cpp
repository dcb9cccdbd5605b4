#include "framework/media/canvas.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <set>

#include "framework/base/file.h"
#include "framework/media/picture.h"
#include "testing/testing.h"

namespace conclave {
namespace {

using testing::TempDir;

constexpr Rgb kWhite{255, 255, 255}, kBlue{0, 0, 255};

Rgb pixel(const at::Tensor& picture_HW3, int64_t x, int64_t y) {
  Rgb color;
  for (int64_t c = 0; c < 3; ++c) color[static_cast<size_t>(c)] = picture_HW3[y][x][c].item<uint8_t>();
  return color;
}

at::Tensor saved(const Canvas& canvas) {
  const TempDir dir;
  canvas.save(dir / "canvas.png");
  return load_picture(dir / "canvas.png");
}

TEST(Canvas, PastesEnlargedPixelsAsBlocks) {
  Canvas canvas(8, 6, kWhite);
  EXPECT_EQ(canvas.width(), 8);
  EXPECT_EQ(canvas.height(), 6);
  const at::Tensor picture = at::arange(12, at::kByte).view({2, 2, 3});
  canvas.paste(picture, 1, 1, 2);
  const at::Tensor seen = saved(canvas);
  for (int64_t y = 0; y < 6; ++y) {
    for (int64_t x = 0; x < 8; ++x) {
      const bool inside = x >= 1 && x < 5 && y >= 1 && y < 5;
      EXPECT_EQ(pixel(seen, x, y), inside ? pixel(picture, (x - 1) / 2, (y - 1) / 2) : kWhite)
          << x << ' ' << y;
    }
  }
}

TEST(Canvas, TintsMixAndFramesStayOnTheEdge) {
  Canvas canvas(10, 10, kWhite);
  canvas.tint(0, 0, 4, 4, kBlue, 1);
  canvas.tint(4, 0, 4, 4, kBlue, 0.4);
  canvas.frame(2, 5, 4, 4, {9, 8, 7});
  const at::Tensor seen = saved(canvas);
  EXPECT_EQ(pixel(seen, 3, 3), kBlue);
  const Rgb mixed = pixel(seen, 4, 3);
  EXPECT_NEAR(mixed[0], 0.6 * 255, 1);
  EXPECT_EQ(mixed[2], 255);
  EXPECT_EQ(pixel(seen, 8, 3), kWhite);
  EXPECT_EQ(pixel(seen, 2, 5), (Rgb{9, 8, 7}));
  EXPECT_EQ(pixel(seen, 5, 8), (Rgb{9, 8, 7}));
  EXPECT_EQ(pixel(seen, 3, 6), kWhite) << "inside";
  EXPECT_EQ(pixel(seen, 6, 9), kWhite) << "outside";
}

TEST(Canvas, CutsOffWhatLiesOutside) {
  Canvas canvas(4, 4, kWhite);
  canvas.tint(-3, -3, 5, 5, kBlue, 1);
  canvas.tint(3, 3, 100, 100, kBlue, 1);
  canvas.tint(50, 50, 5, 5, kBlue, 1);
  canvas.frame(-5, -5, 100, 100, kBlue);
  canvas.paste(at::zeros({2, 2, 3}, at::kByte), 3, -1, 1);
  canvas.text(-2, 2, "words that go on", kBlue);
  const at::Tensor seen = saved(canvas);
  EXPECT_EQ(seen.sizes(), (at::IntArrayRef{4, 4, 3}));
  EXPECT_EQ(pixel(seen, 3, 0), (Rgb{0, 0, 0}));
  EXPECT_EQ(pixel(seen, 0, 1), kBlue);
}

TEST(Canvas, TextIsAsWideAsItSays) {
  const std::string words = "site 3: e1 61 %";
  Canvas canvas(400, 40, kWhite);
  canvas.text(10, 10, words, {0, 0, 0});
  const at::Tensor inked_W = (saved(canvas) < 128).any(2).any(0);
  const at::Tensor places = inked_W.nonzero();
  ASSERT_GT(places.size(0), 0);
  EXPECT_GE(places[0].item<int64_t>(), 8);
  EXPECT_NEAR(places[-1].item<double>(), 10.0 + static_cast<double>(Canvas::text_width(words)), 6);
  EXPECT_GT(Canvas::text_width(words, 24), Canvas::text_width(words, 12));
}

TEST(Canvas, ColorsAreToldApartAndRepeat) {
  std::set<Rgb> colors;
  for (int64_t i = 0; i < 8; ++i) colors.insert(category_color(i));
  EXPECT_EQ(colors.size(), 8u);
  EXPECT_EQ(category_color(8), category_color(0));
  EXPECT_NO_THROW(category_color(-1));
}

TEST(Canvas, APlaceThatCannotBeWrittenIsNamed) {
  const TempDir dir;
  try {
    write_file(dir / "file", "");
    Canvas(4, 4, kWhite).save(dir / "file/x.png");
    FAIL() << "written into a file as if it were a folder";
  } catch (const std::exception& e) {
    EXPECT_NE(std::string(e.what()).find("file"), std::string::npos) << e.what();
  }
}

}  // namespace
}  // namespace conclave
