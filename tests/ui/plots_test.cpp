// Curves as they are drawn and taken along.
#include <gmock/gmock.h>

#include <cmath>
#include <random>

#include "framework/base/file.h"
#include "ui/plots/curve_plot.h"
#include "ui/plots/custom_plot.h"
#include "ui/plots/dense_curve.h"
#include "ui/plots/plot_export.h"
#include "ui/plots/smoothing.h"
#include "ui_test.h"

namespace conclave::ui {
namespace {

Bucket point(double value, uint32_t n = 1) {
  Bucket bucket;
  bucket.low = bucket.high = bucket.mean = value;
  bucket.n = n;
  return bucket;
}

TEST(Smoothing, IsTheCorrectedExponentialMean) {
  const std::vector<Bucket> buckets{point(1), point(3), point(2)};
  EXPECT_THAT(smooth(buckets, 0), ::testing::ElementsAre(1, 3, 2));
  const auto smoothed = smooth(buckets, 0.5);
  EXPECT_DOUBLE_EQ(smoothed[0], 1);
  EXPECT_DOUBLE_EQ(smoothed[1], (0.5 * 1 + 3) / 1.5);
  EXPECT_DOUBLE_EQ(smoothed[2], (0.25 * 1 + 0.5 * 3 + 2) / 1.75);
  // A bucket of two equal points counts as the two.
  EXPECT_DOUBLE_EQ(smooth(std::vector{point(1), point(3, 2)}, 0.5)[1],
                   smooth(std::vector{point(1), point(3), point(3)}, 0.5)[2]);
  std::vector<Bucket> with_gap{point(1), point(NAN), point(1)};
  with_gap[1].nonfinite = 1;
  EXPECT_TRUE(std::isnan(smooth(with_gap, 0.9)[1]));
  EXPECT_DOUBLE_EQ(smooth(with_gap, 0.9)[2], 1);
}

// Every column against a thousand places on each edge between two points.
TEST(DenseCurve, AColumnReachesAsFarAsTheEdgesInIt) {
  std::mt19937 random(5);
  std::uniform_real_distribution<double> apart(0, 3), height(0, 100);
  std::vector<double> x, above, below;
  for (double at = -4; at < 44; at += apart(random)) {
    x.push_back(at);
    above.push_back(height(random));
    below.push_back(above.back() + height(random));
  }
  above[20] = below[20] = NAN;  // a gap
  const int columns = 40;
  std::vector<ColumnReach> wanted(columns);
  for (size_t i = 0; i + 1 < x.size(); ++i) {
    if (i == 19 || i == 20) continue;
    for (int part = 0; part <= 1000; ++part) {
      const double at = std::lerp(x[i], x[i + 1], part / 1000.0);
      if (at < 0 || at >= columns) continue;
      ColumnReach& column = wanted[static_cast<size_t>(at)];
      column.above = std::min(column.above, std::lerp(above[i], above[i + 1], part / 1000.0));
      column.below = std::max(column.below, std::lerp(below[i], below[i + 1], part / 1000.0));
    }
  }
  const auto found = reach_of_columns(x, above, below, columns);
  ASSERT_EQ(found.size(), wanted.size());
  for (size_t c = 0; c < wanted.size(); ++c) {
    EXPECT_NEAR(found[c].above, wanted[c].above, 0.5) << c;
    EXPECT_NEAR(found[c].below, wanted[c].below, 0.5) << c;
  }
}

TEST(DenseCurve, OfNothingIsNothing) {
  EXPECT_TRUE(reach_of_columns({}, {}, {}, 0).empty());
  EXPECT_GT(reach_of_columns({}, {}, {}, 1)[0].above, reach_of_columns({}, {}, {}, 1)[0].below);
  const std::vector<double> twice{3, 3}, high{1, 2}, low{5, 6};  // two points at one place
  const auto columns = reach_of_columns(twice, high, low, 5);
  EXPECT_EQ(columns[3].above, 1);
  EXPECT_EQ(columns[3].below, 6);
  EXPECT_GT(columns[4].above, columns[4].below);
}

class CurveTest : public UiTest {
 protected:
  void show(int64_t run) {
    thread_ = std::make_unique<HistoryThread>(history());
    thread_->begin();
    plot_ = std::make_unique<CurvePlot>(*thread_);
    plot_->resize(600, 300);
    plot_->show();
    plot_->show_metric("loss", {{run, "a", Qt::blue}});
    ASSERT_TRUE(wait([&] { return plot_->settled(); }));
  }
  void TearDown() override {
    plot_.reset();
    thread_.reset();
    UiTest::TearDown();
  }
  QCPGraph* line() { return plot_->plot()->graph(plot_->plot()->graphCount() - 1); }
  const std::vector<Bucket>& shown() { return plot_->buckets(0); }
  std::unique_ptr<HistoryThread> thread_;
  std::unique_ptr<CurvePlot> plot_;
};

TEST_F(CurveTest, ShowsEveryPointOfAShortCurve) {
  show(add_run("a", 0.5, 50));
  ASSERT_EQ(line()->dataCount(), 50);
  EXPECT_DOUBLE_EQ(line()->dataMainKey(9), 9);
  EXPECT_DOUBLE_EQ(line()->dataMainValue(9), 0.1);
  EXPECT_DOUBLE_EQ(plot_->plot()->xAxis->range().upper, 49);
}

TEST_F(CurveTest, ZoomingReadsThePartThatIsSeenMoreFinely) {
  show(add_run("a", 0.5, 50000));
  EXPECT_LT(shown().size(), 5000u);
  plot_->plot()->replot();
  EXPECT_TRUE(plot_->plot()->xAxis->tickVectorLabels().contains("20k")) << "short labels stand apart";
  plot_->zoom(1000, 1100);
  ASSERT_TRUE(wait([&] { return plot_->settled() && shown().size() >= 100 && shown().size() < 200; }));
  EXPECT_NEAR(line()->dataMainKey(10), 1009, 1);
  EXPECT_LT(plot_->plot()->yAxis->range().upper, 0.0011);
  plot_->show_all();
  EXPECT_TRUE(wait([&] { return plot_->settled() && plot_->plot()->xAxis->range().upper == 49999; }));
}

TEST_F(CurveTest, FillsTheBandBetweenLowestAndHighest) {
  RunWriter run(history(), {"vqa", "train", "noisy"});
  for (int step = 0; step < 20000; ++step) run.metric("loss", step, step % 2);
  run.finish("finished", 0);
  show(*Store::open(history()).find_uuid(run.uuid()));
  plot_->plot()->replot(QCustomPlot::rpImmediateRefresh);
  const QImage picture = plot_->plot()->grab().toImage();
  const QRect inside = plot_->plot()->axisRect()->rect();
  int filled = 0;
  for (int x = inside.left(); x < inside.right(); ++x)
    filled += picture.pixelColor(x, inside.top() + inside.height() / 4).saturation() > 20;
  EXPECT_GT(filled, inside.width() - 10);
}

TEST_F(CurveTest, TakesPicturesAndPointsAlong) {
  show(add_run("a", 0.5, 50));
  for (const char* suffix : {"png", "svg", "pdf", "csv"}) {
    const auto file = dir_ / (std::string("curve.") + suffix);
    plot_->export_to(QString::fromStdString(file.string()));
    EXPECT_TRUE(wait([&] { return std::filesystem::exists(file); })) << suffix;
  }
  const QImage picture(QString::fromStdString((dir_ / "curve.png").string()));
  EXPECT_GT(picture.width(), 600);
  EXPECT_THAT(read_file(dir_ / "curve.svg"), ::testing::HasSubstr("<path"));
  EXPECT_THAT(read_file(dir_ / "curve.pdf"), ::testing::StartsWith("%PDF"));
  const std::string csv = read_file(dir_ / "curve.csv");
  EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), 51);
  EXPECT_THAT(csv, ::testing::HasSubstr("loss,9,"));
  EXPECT_NE(export_drawing(
                {10, 10}, [](QPainter&) {}, "/no/such/folder/a.png"),
            "");
  EXPECT_NE(export_drawing(
                {10, 10}, [](QPainter&) {}, "a.gif"),
            "");
}

TEST_F(CurveTest, LogScaleAndTime) {
  show(add_run("a", 0.5, 50));
  plot_->set_style({CurveAxis::time, 0.5, true});
  ASSERT_TRUE(wait([&] { return plot_->settled(); }));
  EXPECT_EQ(plot_->plot()->yAxis->scaleType(), QCPAxis::stLogarithmic);
  EXPECT_GT(plot_->plot()->yAxis->range().lower, 0);
  EXPECT_EQ(plot_->plot()->graphCount(), 2) << "the curve and, weaker, its points";
}

}  // namespace
}  // namespace conclave::ui
