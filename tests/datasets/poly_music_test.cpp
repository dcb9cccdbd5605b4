#include "datasets/poly_music.h"

#include <gtest/gtest.h>

#include "framework/base/error.h"
#include "testing/testing.h"

namespace conclave {
namespace {

TEST(PolyMusic, TheOfficialSplits) {
  CONCLAVE_NEED_DATA("music/poly/JSB_Chorales.mat");
  const auto dir = *testing::data_dir() / "music";
  const auto train = load_poly_music("jsb", dir, "train");
  EXPECT_EQ(train.pieces.size(), 229u);
  EXPECT_EQ(train.pieces[0].frames.size(), 129u);
  // The same chorale begins the published JSON.
  EXPECT_EQ(train.pieces[0].frames[0], (Chord{60, 72, 79, 88}));
  EXPECT_EQ(train.pieces[0].frames[1], (Chord{72, 79, 88}));
  EXPECT_EQ(load_poly_music("jsb", dir, "valid").pieces.size(), 76u);
  EXPECT_EQ(load_poly_music("jsb", dir, "test").pieces.size(), 77u);
  EXPECT_EQ(load_poly_music("nottingham", dir, "test").pieces.size(), 170u);
}

TEST(PolyMusic, WrongNamesAreRefused) {
  EXPECT_THROW(load_poly_music("muse", ".", "test"), UsageError);
  EXPECT_THROW(load_poly_music("jsb", ".", "dev"), UsageError);
  EXPECT_THROW(load_poly_music("jsb", "/nowhere", "test"), DataError);
}

}  // namespace
}  // namespace conclave
