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

TEST(Ablation, RepeatsTheEvaluationWithoutAnExpert) {
  RunDetail run;
  run.id = 7;
  run.uuid = "0123456789abcdef";
  run.folder = "/somewhere";
  run.argv = {"conclave-vqa",          "eval",          "--dataset", "nlvr",  "--predictions", "p.jsonl",
              "--export=vqav2=a.json", "--mask-expert", "0:1",       "--json"};
  const JobSpec job = ablation_job(run, "2", 3);
  EXPECT_THAT(job.argv,
              ::testing::ElementsAre("conclave-vqa", "eval", "--dataset", "nlvr", "--mask-expert", "0:1",
                                     "--json", "--mask-expert", "2:3", "--run-name", "run 7 without 2:3"));
  EXPECT_EQ(job.folder, "/somewhere");
}

TEST_F(RoutingTest, AnExpertIsTakenOutAndWhatIsLostIsShown) {
  RunWriter run(history(), {"vqa", "eval", "base", "", {"conclave-vqa", "eval", "--no-such-option"}});
  run.describe_metric("accuracy", "", "max");
  run.metric("accuracy", 0, 0.75);
  const std::vector<RoutingRow> rows{row("0", "text", {2, 6}), row("1", "text", {4, 4})};
  run.routing("dev", 0, rows);
  run.finish("finished", 0);
  window().open_page("routing");
  ASSERT_TRUE(wait([&] { return page().settled() && !page().map().matrices().empty(); }));
  QAction* ablate = window().actions().find("routing.ablate");
  EXPECT_FALSE(ablate->isEnabled()) << "no expert is chosen yet";
  page().map().setFocus();
  QTest::keyClick(&page().map(), Qt::Key_Down);   // the first cell
  QTest::keyClick(&page().map(), Qt::Key_Down);   // layer 1
  QTest::keyClick(&page().map(), Qt::Key_Right);  // expert 1
  EXPECT_THAT(child<QLabel>("routing.chosen")->text().toStdString(),
              ::testing::StartsWith("layer 1, expert 1: 0.5 of text"));
  ASSERT_TRUE(ablate->isEnabled());
  QTest::keyClick(&page().map(), Qt::Key_X);
  const auto cell = [&](int column) { return page().ablations().index(0, column).data().toString(); };
  ASSERT_TRUE(wait([&] { return page().ablations().rowCount() == 1; }));
  EXPECT_EQ(cell(0), "1:1");
  EXPECT_EQ(cell(2), "0.75");
  const Store store = Store::open(history());
  const Job job = Queue(store).list().front();
  EXPECT_THAT(job.argv, ::testing::Contains("--mask-expert"));
  {
    ::setenv("CONCLAVE_JOB", job.uuid.c_str(), 1);  // as the program does that the queue starts
    RunWriter without(history(), {"vqa", "eval", "without"});
    ::unsetenv("CONCLAVE_JOB");
    without.metric("accuracy", 0, 0.5);
    without.finish("finished", 0);
  }
  EXPECT_TRUE(wait([&] { return cell(3) == "0.5" && cell(4) == "-0.25"; })) << cell(4).toStdString();
  keep_picture("ablation");
}

TEST_F(RoutingTest, WithoutAnEvaluationItSaysWhatToDo) {
  add_routed("a", 2);
  window().open_page("routing");
  ASSERT_TRUE(wait([&] { return page().settled() && !page().map().matrices().empty(); }));
  page().map().choose(HeatMap::Cell{0, 0, 0});
  EXPECT_THAT(child<QLabel>("routing.chosen")->text().toStdString(),
              ::testing::HasSubstr("conclave-vqa eval"));
  EXPECT_FALSE(window().actions().find("routing.ablate")->isEnabled());
}

TEST_F(RoutingTest, WithoutRoutingItSaysWhatWouldBeHere) {
  add_run("without", 0.5);
  window().open_page("routing");
  EXPECT_TRUE(
      wait([&] { return child<QLabel>("routing.empty")->text().contains("No run has recorded routing"); }));
}

}  // namespace
}  // namespace conclave::ui
