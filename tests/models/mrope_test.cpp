#include "models/multimodal/mrope.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "framework/base/error.h"

namespace conclave {
namespace {

constexpr int kImage = 90, kVideo = 91;

PictureGrids grids(Tensor image, Tensor video = {}) {
  return {image, video, kImage, kVideo, 2};
}

TEST(Mrope, PicturesStandBetweenWords) {
  // A picture of 4 x 6 patches is 2 x 3 tokens; a video of two frames of 2 x 2 patches is 2 tokens.
  const Tensor ids =
      at::tensor({1, 2, kImage, kImage, kImage, kImage, kImage, kImage, 3, kVideo, kVideo, 4}, at::kLong);
  const auto made = mrope_positions(
      ids.unsqueeze(0), {},
      grids(at::tensor({1, 4, 6}, at::kLong).view({1, 3}), at::tensor({2, 2, 2}, at::kLong).view({1, 3})));
  const Tensor expected = at::tensor({0, 1, 2, 2, 2, 2, 2, 2, 5, 6, 7, 8,  //
                                      0, 1, 2, 2, 2, 3, 3, 3, 5, 6, 6, 8,  //
                                      0, 1, 2, 3, 4, 2, 3, 4, 5, 6, 6, 8},
                                     at::kLong);
  EXPECT_TRUE(at::equal(made.position_3NL, expected.view({3, 1, 12})));
  EXPECT_EQ(made.next_N.item<int64_t>(), 9);
}

TEST(Mrope, FramesLieTheirSecondsApart) {
  // Three frames of one token each, 1.4 positions apart: cut off frame by frame, not added up.
  const Tensor ids = at::tensor({1, kVideo, kVideo, kVideo, 2}, at::kLong).unsqueeze(0);
  auto video = grids({}, at::tensor({3, 2, 2}, at::kLong).view({1, 3}));
  video.video_step_M = at::tensor({1.4F});
  const auto made = mrope_positions(ids, {}, video);
  EXPECT_TRUE(at::equal(made.position_3NL[0][0], at::tensor({0, 1, 2, 3, 4}, at::kLong)));
  EXPECT_TRUE(at::equal(made.position_3NL[1][0], at::tensor({0, 1, 1, 1, 4}, at::kLong)));
  video.video_step_M = at::tensor({25.F});
  EXPECT_TRUE(at::equal(mrope_positions(ids, {}, video).position_3NL[0][0],
                        at::tensor({0, 1, 26, 51, 52}, at::kLong)));
  video.video_step_M = at::tensor({1.F, 1.F});
  EXPECT_THROW(mrope_positions(ids, {}, video), Error);  // two steps, one video
}

TEST(Mrope, FramesWithWordsBetweenCountByThemselves) {
  const Tensor ids = at::tensor({1, kVideo, kVideo, 2, kVideo, kVideo, 3}, at::kLong).unsqueeze(0);
  auto video = grids({}, at::tensor({2, 2, 4}, at::kLong).view({1, 3}));
  EXPECT_THROW(mrope_positions(ids, {}, video), Error);  // four tokens, two places
  video.frames_apart = true;
  const auto made = mrope_positions(ids, {}, video);
  EXPECT_TRUE(at::equal(made.position_3NL[0][0], at::tensor({0, 1, 1, 3, 4, 4, 6}, at::kLong)));
  EXPECT_TRUE(at::equal(made.position_3NL[2][0], at::tensor({0, 1, 2, 3, 4, 5, 6}, at::kLong)));
}

TEST(Mrope, PaddingOnEitherSideIsSkipped) {
  const Tensor ids = at::tensor({0, 0, 5, 6, 7, 5, 6, 7, 0, 0}, at::kLong).view({2, 5});
  const auto made = mrope_positions(ids, ids > 0, grids({}));
  EXPECT_TRUE(
      at::equal(made.position_3NL[0], at::tensor({1, 1, 0, 1, 2, 0, 1, 2, 1, 1}, at::kLong).view({2, 5})));
  EXPECT_TRUE(at::equal(made.next_N, at::tensor({3, 3}, at::kLong)));
}

TEST(Mrope, PlacesAndGridsMustAgree) {
  const Tensor ids = at::tensor({1, kImage, 2}, at::kLong).unsqueeze(0);
  const auto grid = [](int64_t t, int64_t h, int64_t w) {
    return grids(at::tensor({t, h, w}, at::kLong).view({1, 3}));
  };
  EXPECT_NO_THROW(mrope_positions(ids, {}, grid(1, 2, 2)));
  EXPECT_THROW(mrope_positions(ids, {}, grid(1, 4, 2)), Error);  // two tokens, one place
  EXPECT_THROW(mrope_positions(ids, {}, grid(1, 3, 2)), Error);  // no multiple of the merge
  EXPECT_THROW(mrope_positions(ids, {}, grid(-1, 2, 2)), Error);
  const Tensor two = at::tensor({kImage, 1, kImage}, at::kLong).unsqueeze(0);
  EXPECT_THROW(mrope_positions(two, {}, grid(1, 2, 2)), Error);  // two pictures, one grid
  EXPECT_NO_THROW(mrope_positions(two, {}, grids({})));          // without grids they are words
}

}  // namespace
}  // namespace conclave
