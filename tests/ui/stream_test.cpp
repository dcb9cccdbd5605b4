// Streams from the window, with the real conclave-stream behind it.
#include <gmock/gmock.h>

#include <QAbstractItemModelTester>
#include <QComboBox>
#include <QLineEdit>
#include <QTabWidget>
#include <QTableView>
#include <QToolButton>
#include <QTreeWidget>

#include "framework/base/error.h"
#include "framework/base/file.h"
#include "ui/data/format.h"
#include "ui/data/table_view.h"
#include "ui/plots/custom_plot.h"
#include "ui/plots/heat_map.h"
#include "ui/stream/stream_page.h"
#include "ui/stream/stream_plots.h"
#include "ui_test.h"

namespace conclave::ui {
namespace {

TEST(StreamTrace, RecordsAreReadAndThinned) {
  const StreamRecord record = parse_stream_record(
      R"({"stream":"sea","instances":500,"accuracy":0.75,"window_accuracy":0.5,"kappa":0.25,"instances_per_s":9,)"
      R"("memory_bytes":8,"events":["e"],"routing":{"rows":4,"led":[1,3],"weights":[3.0,-1.0]}})");
  EXPECT_EQ(record.rows, 500);
  EXPECT_DOUBLE_EQ(record.window_score, 0.5);
  EXPECT_THAT(record.weights, ::testing::ElementsAre(1.0, 0.0)) << "below 0 is no share";
  EXPECT_THAT(record.led, ::testing::ElementsAre(0.25, 0.75));
  EXPECT_TRUE(parse_stream_record(R"({"instances":1,"mae":2.5})").regression);
  const auto confused = parse_stream_record(
      R"({"instances":9,"accuracy":0.5,"confusion":{"classes":["a","b"],"counts":[[3,1],[0,5]]}})");
  EXPECT_EQ(confused.confusion.classes, QStringList({"a", "b"}));
  EXPECT_EQ(confused.confusion.rows[0][1], 1);
  EXPECT_FALSE(confused.only_trees);
  EXPECT_TRUE(parse_stream_record(R"({"instances":9,"trees":[]})").only_trees);
  EXPECT_THROW(parse_stream_record(R"({"instances":9,"confusion":{"classes":["a"],"counts":[[3,1]]}})"),
               Error);
  for (const char* wrong : {"", "[]", "{}", R"({"instances":"x"})", R"({"instances":1,"events":[1]})"})
    EXPECT_THROW(parse_stream_record(wrong), Error) << wrong;

  StreamTrace trace;
  for (int64_t row = 1; row <= 100000; ++row) {
    StreamRecord next;
    next.rows = row;
    if (row % 10 == 0) next.events << "drift";
    trace.add(next);
    ASSERT_EQ(trace.last().rows, row) << "the newest is always there";
    ASSERT_LT(trace.points().size(), StreamTrace::kMostPoints);
  }
  EXPECT_GT(trace.points().size(), StreamTrace::kMostPoints / 3);
  EXPECT_LT(trace.points().front().rows, 100) << "back to the beginning";
  EXPECT_TRUE(std::is_sorted(trace.points().begin(), trace.points().end(),
                             [](const auto& a, const auto& b) { return a.rows < b.rows; }));
  EXPECT_EQ(trace.event_count(), 10000);
  EXPECT_LE(trace.events().size(), StreamTrace::kMostEvents);
  const size_t before = trace.points().size();
  trace.add(trace.last());
  EXPECT_EQ(trace.points().size(), before) << "a row told twice is one point";
}

class StreamTest : public UiTest {
 protected:
  StreamPage& page() { return *static_cast<StreamPage*>(window().page("stream")); }
  void open() {
    window().open_page("stream");
    ASSERT_TRUE(wait([&] { return page().form().ready(); }));
  }
  std::string state() { return child<QLabel>("stream.state")->text().toStdString(); }
};

TEST_F(StreamTest, RunsADriftingStreamAndShowsIt) {
  open();
  auto* experts = child<QTableView>("stream.experts")->model();
  const QAbstractItemModelTester tester(experts, QAbstractItemModelTester::FailureReportingMode::Fatal);
  const QAbstractItemModelTester events(child<QTableView>("stream.events")->model(),
                                        QAbstractItemModelTester::FailureReportingMode::Fatal);
  QTest::mouseClick(page().findChild<QToolButton*>("button.sample"), Qt::LeftButton);
  ASSERT_TRUE(page().running());
  ASSERT_TRUE(QTest::qWaitFor([&] { return !page().running(); }, 60000));
  EXPECT_THAT(state(), ::testing::HasSubstr("90,000"));
  EXPECT_EQ(page().trace().last().rows, 90000);
  EXPECT_GT(page().trace().last().score, 0.8);
  EXPECT_EQ(page().trace().points().size(), 180u);
  EXPECT_GT(page().trace().event_count(), 0) << "two drifts";
  EXPECT_EQ(experts->rowCount(), 14);
  EXPECT_EQ(experts->index(0, 1).data().toString(), "tree");
  EXPECT_GT(child<QTableView>("stream.events")->model()->rowCount(), 0);
  EXPECT_THAT(child<QLabel>("stream.readings")->text().toStdString(), ::testing::HasSubstr("Kappa"));
  EXPECT_EQ(page().findChild<StreamPlots*>()->weight_plot()->graphCount(), 14);
  EXPECT_EQ(page().command(),
            QStringList({"conclave-stream", "run", "--generator", "sea", "--function", "1,3,2", "--positions",
                         "30000,60000", "--rows", "90000", "--every", "500"}))
      << "what is shown can be typed";
  EXPECT_TRUE(wait([&] { return Store::open_read_only(history()).count() == 1; }));
  EXPECT_EQ(StreamPlots::csv(page().trace()).count('\n'), 181);
  const Takeaway both = page().findChild<StreamPlots*>()->takeaway(page().trace());
  for (const char* suffix : {"png", "svg", "pdf", "csv"}) {
    const auto file = dir_ / (std::string("stream.") + suffix);
    EXPECT_EQ(export_to(both, QString::fromStdString(file.string())), "");
    EXPECT_GT(std::filesystem::file_size(file), 1000u) << suffix;
  }
  keep_picture("stream");
}

TEST_F(StreamTest, PausesGoesOnAndStops) {
  open();
  page().form().set_value("generator", "sea");
  page().form().set_value("rows", 500000000);
  page().form().set_value("every", 200);
  trigger("stream.start");
  ASSERT_TRUE(wait([&] { return !page().trace().empty(); }));
  QTest::keyClick(&window(), Qt::Key_P, Qt::ControlModifier);
  ASSERT_TRUE(wait([&] { return page().paused(); }));
  const int64_t row = page().trace().last().rows;
  QTest::qWait(300);
  EXPECT_EQ(page().trace().last().rows, row);
  EXPECT_THAT(state(), ::testing::HasSubstr("paused"));
  QTest::keyClick(&window(), Qt::Key_P, Qt::ControlModifier);
  ASSERT_TRUE(wait([&] { return page().trace().last().rows > row; }));
  trigger("stream.pause");
  ASSERT_TRUE(wait([&] { return page().paused(); }));
  trigger("stream.stop");  // also from a pause
  EXPECT_TRUE(wait([&] { return !page().running(); }));
  EXPECT_THAT(state(), ::testing::HasSubstr("ended after row"));
  EXPECT_TRUE(wait([&] { return Store::open_read_only(history()).list().front().status == "cancelled"; }));
}

TEST_F(StreamTest, StepsAndDriftsWhileItRuns) {
  open();
  EXPECT_FALSE(window().actions().find("stream.drift")->isVisible()) << "nothing runs";
  page().form().set_value("generator", "sea");
  page().form().set_value("rows", 500000000);
  page().form().set_value("every", 200);
  child<QComboBox>("stream.speed")->setCurrentText("1,000 rows a second");
  trigger("stream.start");
  ASSERT_TRUE(wait([&] { return !page().trace().empty(); }));
  EXPECT_LT(page().trace().last().rows, 20000) << "the speed holds from the beginning";
  trigger("stream.pause");
  ASSERT_TRUE(wait([&] { return page().paused(); }));
  EXPECT_TRUE(child<QToolButton>("button.step")->isVisible());
  const int64_t row = page().trace().last().rows;
  QTest::keyClick(&window(), Qt::Key_Right, Qt::ControlModifier);
  ASSERT_TRUE(wait([&] { return page().paused() && page().trace().last().rows > row; }));
  EXPECT_EQ(page().trace().last().rows, row / 200 * 200 + 200) << "to the next record and no further";
  EXPECT_FALSE(page().trace().last().weights.empty()) << "whom the router believes is still seen";
  const int64_t before = page().trace().event_count();
  QTest::keyClick(&window(), Qt::Key_D, Qt::ControlModifier);
  trigger("stream.step");
  ASSERT_TRUE(wait([&] { return page().trace().event_count() > before; }));
  EXPECT_EQ(page().trace().events().back().text, "drift asked for: function 2");
  EXPECT_TRUE(wait([&] { return child<QTableView>("stream.events")->model()->rowCount() > 0; }));
  keep_picture("stream-drift");
  trigger("stream.stop");
  EXPECT_TRUE(wait([&] { return !page().running(); }));
}

TEST_F(StreamTest, ClassesThatAreConfusedAndTreesOfExperts) {
  open();
  auto* tabs = child<QTabWidget>("stream.tabs");
  auto* tree = child<QTreeWidget>("stream.tree");
  auto* map = child<HeatMap>("stream.confusion");
  tabs->setCurrentIndex(1);
  EXPECT_FALSE(map->isVisible()) << "nothing was predicted yet";
  page().form().set_value("generator", "sea");
  page().form().set_value("rows", 500000000);
  page().form().set_value("every", 500);
  trigger("stream.start");
  ASSERT_TRUE(wait([&] { return !page().trace().empty() && page().trace().last().rows > 5000; }));
  ASSERT_TRUE(wait([&] { return map->isVisible() && map->matrices()[0].rows.size() == 2; }));
  trigger("stream.pause");
  ASSERT_TRUE(wait([&] { return page().paused(); }));
  const ConfusionCounts& counts = page().trace().last().confusion;
  ASSERT_EQ(counts.rows.size(), 2u);
  const double all = counts.rows[0][0] + counts.rows[0][1] + counts.rows[1][0] + counts.rows[1][1];
  EXPECT_EQ(all, static_cast<double>(page().trace().last().rows)) << "each row once";
  EXPECT_NEAR((counts.rows[0][0] + counts.rows[1][1]) / all, page().trace().last().score, 1e-9);
  ASSERT_TRUE(wait([&] {
    return map->matrices()[0].at(0, 0) == counts.rows[0][0] / (counts.rows[0][0] + counts.rows[0][1]);
  }));
  const Takeaway matrix = page().takeaway();
  EXPECT_TRUE(matrix.csv().startsWith("class,predicted,rows\n"));
  EXPECT_EQ(matrix.csv().count('\n'), 5);
  for (const char* suffix : {"png", "svg", "pdf", "csv"})
    EXPECT_EQ(export_to(matrix, QString::fromStdString((dir_ / (std::string("c.") + suffix)).string())), "");
  keep_picture("stream-confusion");

  tabs->setCurrentIndex(2);  // asks for them
  auto* which = child<QComboBox>("stream.tree.which");
  ASSERT_TRUE(wait([&] { return which->count() > 1 && tree->topLevelItemCount() == 1; }));
  EXPECT_EQ(which->currentText(), "Expert 0");
  EXPECT_TRUE(child<QLabel>("stream.tree.hint")->text().contains(count_text(page().trace().last().rows)));
  auto* experts = child<QTableView>("stream.experts");
  const int64_t row = page().trace().last().rows;
  choose_row(*experts, 2);
  EXPECT_EQ(which->currentText(), "Expert 2");
  bool split = false;
  for (int i = 0; i < which->count() && !split; ++i) {
    which->setCurrentIndex(i);
    split = tree->topLevelItem(0)->childCount() > 1;
  }
  ASSERT_TRUE(split) << "after thousands of rows a tree has split";
  EXPECT_TRUE(tree->topLevelItem(0)->text(1).startsWith("by "));
  EXPECT_TRUE(tree->topLevelItem(0)->child(0)->text(0).contains("<="))
      << qPrintable(tree->topLevelItem(0)->child(0)->text(0));
  const QString chosen = which->currentText();
  keep_picture("stream-tree");
  trigger("stream.step");
  ASSERT_TRUE(wait([&] {
    return page().paused() && page().trace().last().rows > row &&
           child<QLabel>("stream.tree.hint")->text().contains(count_text(page().trace().last().rows));
  })) << "a tree goes along";
  EXPECT_EQ(which->currentText(), chosen);
  trigger("stream.stop");
  ASSERT_TRUE(wait([&] { return !page().running(); }));
  EXPECT_GT(which->count(), 1) << "and is there when it has ended";
}

TEST_F(StreamTest, WhatIsWrongIsSaid) {
  open();
  trigger("stream.start");  // neither a file nor a generator
  EXPECT_TRUE(wait([&] { return state().find("⚠") != std::string::npos && !page().running(); }));
  auto* rows = window().page("stream")->findChild<QLineEdit*>("form.rows");
  ASSERT_NE(rows, nullptr);
  QTest::keyClicks(rows, "many");
  trigger("stream.start");
  EXPECT_FALSE(page().running());
  EXPECT_THAT(child<QLabel>("status.message")->text().toStdString(), ::testing::HasSubstr("many"));
}

TEST_F(StreamTest, NumbersArePredictedToo) {
  open();
  page().form().set_value("generator", "friedman");
  page().form().set_value("learner", "fimt-dd");
  page().form().set_value("rows", 4000);
  page().form().set_value("every", 1000);
  trigger("stream.start");
  ASSERT_TRUE(QTest::qWaitFor([&] { return !page().running(); }, 30000));
  EXPECT_TRUE(page().trace().last().regression) << state();
  EXPECT_THAT(child<QLabel>("stream.readings")->text().toStdString(), ::testing::HasSubstr("absolute error"));
}

}  // namespace
}  // namespace conclave::ui
