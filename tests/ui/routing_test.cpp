// Where tokens went, as matrices and on the page.
#include <gmock/gmock.h>

#include <QComboBox>
#include <QSlider>
#include <cmath>

#include "framework/base/file.h"
#include "ui/compare/pins.h"
#include "ui/plots/color_map.h"
#include "ui/routing/routing_page.h"
#include "ui_test.h"

namespace conclave::ui {
namespace {

using ::testing::DoubleNear;

RoutingRow row(const std::string& site, const std::string& modality, std::vector<uint32_t> counts,
               std::vector<uint32_t> dropped = {}) {
  RoutingRow row;
  row.site = site;
  row.modality = modality;
  row.counts = std::move(counts);
  row.dropped = std::move(dropped);
  return row;
}

TEST(RoutingMatrix, SharesByLayerAndModality) {
  const std::vector<RoutingRow> rows{row("10", "text", {0, 4}), row("2", "text", {3, 1}),
                                     row("2", "vision", {1, 1, 2})};
  const auto matrices = routing_matrices(rows, RoutingMeasure::load);
  ASSERT_EQ(matrices.size(), 2u);
  EXPECT_EQ(matrices[0].title, "text");
  EXPECT_EQ(matrices[0].rows, QStringList({"layer 2", "layer 10"})) << "by number";
  EXPECT_EQ(matrices[0].columns.size(), 3);
  EXPECT_DOUBLE_EQ(matrices[0].at(0, 0), 0.75);
  EXPECT_DOUBLE_EQ(matrices[0].at(1, 1), 1);
  EXPECT_TRUE(std::isnan(matrices[0].at(0, 2)));
  EXPECT_DOUBLE_EQ(matrices[1].at(0, 2), 0.5);
  EXPECT_TRUE(std::isnan(matrices[1].at(1, 0))) << "no vision token went through layer 10";
  EXPECT_TRUE(routing_matrices(rows, RoutingMeasure::probability).empty()) << "not recorded";
  const auto difference =
      subtract(matrices, routing_matrices({row("2", "text", {1, 1})}, RoutingMeasure::load));
  EXPECT_DOUBLE_EQ(difference[0].at(0, 0), 0.25);
  EXPECT_TRUE(std::isnan(difference[0].at(1, 0)));
  const auto lost = routing_matrices({row("0", "text", {3, 0}, {1, 0})}, RoutingMeasure::dropped);
  EXPECT_DOUBLE_EQ(lost[0].at(0, 0), 0.25);
  EXPECT_DOUBLE_EQ(lost[0].at(0, 1), 0);
}

TEST(RoutingMatrix, BalanceOfALayer) {
  const auto even = balance_of({row("0", "text", {1, 3}), row("0", "vision", {3, 1})});
  ASSERT_EQ(even.size(), 1u);
  EXPECT_DOUBLE_EQ(even[0].entropy, 1);
  EXPECT_DOUBLE_EQ(even[0].cv, 0);
  const auto one = balance_of({row("0", "text", {4, 0}, {1, 0})});
  EXPECT_DOUBLE_EQ(one[0].entropy, 0);
  EXPECT_DOUBLE_EQ(one[0].cv, 1);
  EXPECT_EQ(one[0].dead, 1);
  EXPECT_DOUBLE_EQ(one[0].dropped, 0.2);
}

TEST(ColorMap, EndsAndMiddle) {
  EXPECT_EQ(map_color(ColorMap::viridis, 0).name(), "#440154");
  EXPECT_EQ(map_color(ColorMap::viridis, 2).name(), "#fde725");
  EXPECT_EQ(map_color(ColorMap::diverging, 0.5).name(), "#f7f7f7");
  EXPECT_EQ(ink_on(Qt::black), QColor(Qt::white));
}

class RoutingTest : public UiTest {
 protected:
  RoutingPage& page() { return *static_cast<RoutingPage*>(window().page("routing")); }
  int64_t add_routed(const std::string& name, uint32_t first) {
    RunWriter run(history(), {"vqa", "train", name});
    for (int step = 0; step <= 20; ++step) run.metric("loss", step, 1.0 / (step + 1));
    for (const int64_t step : {0, 10, 20}) {
      const std::vector<RoutingRow> rows{row("0", "text", {first, 8 - first}),
                                         row("0", "vision", {4, static_cast<uint32_t>(step)})};
      run.routing("train", step, rows);
    }
    run.finish("finished", 0);
    return *Store::open(history()).find_uuid(run.uuid());
  }
};

TEST_F(RoutingTest, NewestRunStepByStepAndMinusAnother) {
  const int64_t other = add_routed("a", 2);
  add_run("without", 0.5);
  const int64_t run = add_routed("b", 4);
  window().open_page("routing");
  ASSERT_TRUE(wait([&] { return page().settled() && !page().map().matrices().empty(); }));
  EXPECT_EQ(child<QLabel>("routing.what")->text(), QString("Run %1: b · split train · step 20").arg(run));
  EXPECT_DOUBLE_EQ(page().map().matrices()[0].at(0, 0), 0.5);
  EXPECT_DOUBLE_EQ(page().map().matrices()[1].at(0, 1), 20.0 / 24);
  child<QSlider>("routing.steps")->setValue(1);
  ASSERT_TRUE(wait([&] { return page().settled() && page().map().matrices()[1].at(0, 1) == 10.0 / 14; }));
  page().subtract_run(other);
  ASSERT_TRUE(wait([&] { return page().settled() && page().map().matrices()[0].at(0, 0) == 0.25; }));
  keep_picture("routing");
  EXPECT_EQ(page().map().color_of(0).name(), "#f7f7f7");
  EXPECT_EQ(page().balance().rowCount(), 1);
  EXPECT_THAT(page().map().csv().toStdString(), ::testing::HasSubstr("text,layer 0,e0,0.25"));
  const QSize size = page().map().size();
  EXPECT_EQ(page().map().text_at({size.width() - 1, size.height() - 1}), "");
}

TEST_F(RoutingTest, WithoutRoutingItSaysWhatWouldBeHere) {
  add_run("without", 0.5);
  window().open_page("routing");
  EXPECT_TRUE(
      wait([&] { return child<QLabel>("routing.empty")->text().contains("No run has recorded routing"); }));
}

}  // namespace
}  // namespace conclave::ui
