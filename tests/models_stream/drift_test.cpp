#include <gtest/gtest.h>

#include "framework/base/error.h"
#include "framework/base/random.h"
#include "models/stream/drift/adwin.h"
#include "models/stream/drift/detectors.h"

namespace conclave::stream {
namespace {

TEST(Adwin, KeepsMeanAndVarianceOfItsWindow) {
  Adwin adwin(1e-9);
  Random random(1);
  double sum = 0, squares = 0;
  const int n = 5000;
  for (int i = 0; i < n; ++i) {
    const double value = random.uniform();
    sum += value;
    squares += value * value;
    adwin.add(value);
  }
  ASSERT_EQ(adwin.width(), n);
  EXPECT_NEAR(adwin.mean(), sum / n, 1e-9);
  EXPECT_NEAR(adwin.variance(), squares / n - sum / n * sum / n, 1e-3);
  EXPECT_LT(adwin.bytes(), 4096u);
}

TEST(Adwin, DropsTheOldAfterAChangeAndTellsItsDirection) {
  for (const double later : {0.8, 0.05}) {
    Adwin adwin;
    Random random(2);
    for (int i = 0; i < 2000; ++i) adwin.add(random.chance(0.3));
    bool grew = false;
    int noticed = -1;
    for (int i = 0; i < 1000; ++i) {
      if (!adwin.add(random.chance(later))) continue;
      if (noticed < 0) noticed = i;
      grew |= adwin.grew();
    }
    EXPECT_GE(noticed, 0);
    EXPECT_LT(noticed, 300);
    EXPECT_EQ(grew, later > 0.3);
    EXPECT_NEAR(adwin.mean(), later, 0.1);
  }
}

class Detectors : public ::testing::TestWithParam<std::string> {};

// How many values after the change from rate `before` to `after` it is told; -1 when it is not.
int delay_of(DriftDetector& detector, double before, double after, int quiet, int& false_alarms) {
  Random random(4, "errors");
  for (int i = 0; i < quiet; ++i) false_alarms += detector.add(random.chance(before));
  for (int i = 0; i < 3000; ++i)
    if (detector.add(random.chance(after))) return i;
  return -1;
}

TEST_P(Detectors, TellAChangeAndAreQuietOtherwise) {
  const auto detector = make_detector(GetParam());
  int false_alarms = 0;
  const int delay = delay_of(*detector, 0.1, 0.6, 3000, false_alarms);
  EXPECT_GE(delay, 0);
  EXPECT_LT(delay, 600);
  EXPECT_LE(false_alarms, GetParam() == "eddm" || GetParam() == "kswin" ? 12 : 1);
}

TEST_P(Detectors, GoOnAfterLoading) {
  const auto detector = make_detector(GetParam()), again = make_detector(GetParam());
  Random random(8);
  for (int i = 0; i < 777; ++i) detector->add(random.chance(0.2));
  Archive save;
  detector->fields(save);
  Archive load(save.bytes(), "test");
  again->fields(load);
  EXPECT_TRUE(load.done());
  for (int i = 0; i < 2000; ++i) {
    const double value = random.chance(0.2 + i * 0.0004);
    ASSERT_EQ(detector->add(value), again->add(value)) << i;
    ASSERT_EQ(detector->warning(), again->warning()) << i;
  }
}

INSTANTIATE_TEST_SUITE_P(All, Detectors, ::testing::ValuesIn(detector_names()));

TEST(Detector, NamesWhatThereIs) {
  EXPECT_THROW(make_detector("adwn"), UsageError);
}

}  // namespace
}  // namespace conclave::stream
