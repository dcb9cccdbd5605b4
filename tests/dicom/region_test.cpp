#include "framework/dicom/region.h"

#include <gtest/gtest.h>

#include <cmath>

namespace conclave::dicom {
namespace {

Region cm(int64_t x0, int64_t y0, int64_t x1, int64_t y1, double delta = 0.02) {
  return {x0, y0, x1, y1, 3, 3, delta, delta, 1, 1};
}

Calibration picture(std::vector<Region> regions) {
  return {640, 480, std::move(regions), std::nullopt, std::nullopt};
}

TEST(Region, ALengthInOneRegionOfCm) {
  Region region = cm(100, 50, 500, 450);
  region.delta_y = 0.04;
  const Length length = line_length(picture({region}), {110, 60}, {140, 100});
  EXPECT_DOUBLE_EQ(length.pixels, 50);
  ASSERT_TRUE(length.mm);
  EXPECT_DOUBLE_EQ(*length.mm, std::hypot(30 * 0.2, 40 * 0.4));
  EXPECT_EQ(length.scale.region, 0u);
  EXPECT_EQ(length.scale.reason, "");
}

TEST(Region, BothEndsOfARegionBelongToIt) {
  const auto at = [](double x, double y) {
    return scale_at(picture({cm(100, 50, 500, 450)}), {{x, y}}).mm.has_value();
  };
  EXPECT_TRUE(at(100, 50) && at(500, 450));
  EXPECT_FALSE(at(99.5, 50) || at(500.5, 450) || at(100, 49) || at(100, 451));
}

// A negative increment says which way the axis points, not that lengths are negative.
TEST(Region, DirectionDoesNotMatter) {
  Region region = cm(0, 0, 639, 479);
  region.delta_y = -0.02;
  EXPECT_DOUBLE_EQ(*line_length(picture({region}), {0, 100}, {0, 0}).mm, 20);
}

struct Refused {
  const char* name;
  Calibration calibration;
  PixelPoint from, to;
  const char* reason;  // part of it
};

TEST(Region, NeverAWrongMillimetre) {
  Region seconds = cm(300, 0, 639, 479), mixed = cm(0, 0, 639, 479), speed = mixed, m_mode = mixed;
  m_mode.spatial_format = 2;
  seconds.units_x = 4, seconds.units_y = 7;
  mixed.units_x = 4;  // M-mode: time across, depth down
  speed.units_x = speed.units_y = 7;
  Calibration spacing = picture({cm(0, 0, 639, 479)});
  spacing.pixel_spacing = {0.3, 0.3};  // the region says 0.2 mm
  const auto big = [](double delta) { return picture({cm(0, 0, 639, 479, delta)}); };
  const std::vector<Refused> cases = {
      {"none", picture({}), {1, 1}, {5, 5}, "no region calibration"},
      {"outside", picture({cm(100, 100, 200, 200)}), {1, 1}, {150, 150}, "lies in no calibrated region"},
      {"two regions",
       picture({cm(0, 0, 299, 479), cm(300, 0, 639, 479)}),
       {10, 10},
       {400, 10},
       "do not lie in one region"},
      {"different units",
       picture({cm(0, 0, 299, 479), seconds}),
       {10, 10},
       {400, 10},
       "do not lie in one region"},
      {"in seconds", picture({cm(0, 0, 299, 479), seconds}), {310, 10}, {400, 10}, "units are s and cm/s"},
      {"one axis", picture({mixed}), {10, 10}, {10, 90}, "units are s and cm"},
      {"speeds", picture({speed}), {10, 10}, {10, 90}, "units are cm/s and cm/s"},
      {"zero size", picture({cm(100, 100, 100, 100)}), {100, 100}, {100, 100}, "has no area"},
      {"zero size elsewhere", picture({cm(100, 100, 100, 300)}), {10, 10}, {20, 20}, "has no area"},
      {"turned around", picture({cm(300, 300, 100, 100)}), {150, 150}, {160, 160}, "has no area"},
      {"negative", picture({cm(-5, 0, 100, 100)}), {1, 1}, {5, 5}, "has no area"},
      {"zero scale", big(0), {1, 1}, {5, 5}, "cannot be"},
      {"infinite", big(INFINITY), {1, 1}, {5, 5}, "cannot be"},
      {"not a number", big(NAN), {1, 1}, {5, 5}, "cannot be"},
      {"a metre a pixel", big(100), {1, 1}, {5, 5}, "cannot be"},
      {"overlap",
       picture({cm(0, 0, 400, 400, 0.02), cm(0, 0, 400, 400, 0.05)}),
       {1, 1},
       {5, 5},
       "contradicts itself"},
      {"overlap of units",
       picture({cm(0, 0, 639, 479), seconds}),
       {310, 10},
       {400, 10},
       "units are s and cm/s"},
      {"pixel spacing", spacing, {1, 1}, {5, 5}, "contradicts itself"},
      {"resized", picture({cm(84, 31, 1200, 900)}), {100, 100}, {200, 100}, "resized after"},
      {"resized, another region",
       picture({cm(0, 0, 50, 50), cm(84, 31, 1200, 900)}),
       {10, 10},
       {40, 10},
       "resized after"},
      {"M-mode in cm", picture({m_mode}), {10, 10}, {40, 10}, "shows M-mode, not a 2D picture"},
      {"off the picture", picture({cm(0, 0, 639, 479)}), {10, 10}, {640, 10}, "outside the picture"},
      {"no number", picture({cm(0, 0, 639, 479)}), {10, NAN}, {20, 10}, "outside the picture"},
  };
  for (const auto& each : cases) {
    const Length length = line_length(each.calibration, each.from, each.to);
    EXPECT_FALSE(length.mm) << each.name;
    EXPECT_NE(length.scale.reason.find(each.reason), std::string::npos)
        << each.name << ": " << length.scale.reason;
  }
}

TEST(Region, AgreeingStatementsAreNoContradiction) {
  Calibration calibration = picture({cm(0, 0, 400, 400), cm(0, 0, 639, 479, 0.02001)});
  calibration.pixel_spacing = {0.2, 0.2};
  EXPECT_DOUBLE_EQ(*line_length(calibration, {0, 0}, {100, 0}).mm, 20);
}

// Cut pictures keep their scale; that is told.
TEST(Region, APictureCutAtOneEdge) {
  const Length length = line_length(picture({cm(0, 0, 639, 700)}), {0, 0}, {100, 0});
  EXPECT_DOUBLE_EQ(*length.mm, 20);
  EXPECT_EQ(length.scale.notes.size(), 1u);
}

TEST(Region, AScaleOfTheCallers) {
  Calibration calibration = picture({});
  calibration.given_mm = 0.5;
  EXPECT_DOUBLE_EQ(*line_length(calibration, {0, 0}, {3, 4}).mm, 2.5);
}

}  // namespace
}  // namespace conclave::dicom
