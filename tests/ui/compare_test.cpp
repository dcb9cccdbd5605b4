// Runs side by side.
#include <gmock/gmock.h>

#include <QAbstractItemModelTester>
#include <QComboBox>
#include <QMenu>
#include <QScrollArea>
#include <QTabWidget>
#include <QTableView>
#include <QToolButton>
#include <cmath>

#include "framework/base/json.h"
#include "framework/history/machine.h"
#include "ui/compare/compare_page.h"
#include "ui/compare/compare_tables.h"
#include "ui/compare/run_plots.h"
#include "ui/data/table_view.h"
#include "ui/plots/curve_panel.h"
#include "ui/plots/custom_plot.h"
#include "ui_test.h"

namespace conclave::ui {
namespace {

RunDetail run_with(std::vector<RunParam> params, std::vector<MetricSummary> metrics) {
  RunDetail run;
  run.params = std::move(params);
  run.metrics = std::move(metrics);
  return run;
}

TEST(CompareTables, UnionOfParametersWithWhatDiffersFirst) {
  const auto rows = parameter_rows(
      {run_with({{"batch", 8, ""}, {"lr", 0.1, ""}, {"z", "same", ""}}, {}),
       run_with({{"lr", 0.2, ""}, {"only", true, ""}, {"z", "same", ""}, {"batch", 8, ""}}, {})});
  ASSERT_EQ(rows.size(), 4u);
  EXPECT_EQ(rows[0].cells, QStringList({"lr", "0.1", "0.2"}));
  EXPECT_EQ(rows[1].cells, QStringList({"only", "–", "true"}));
  EXPECT_TRUE(rows[1].marked);
  EXPECT_EQ(rows[2].cells, QStringList({"batch", "8", "8"}));
  EXPECT_FALSE(rows[2].marked);
}

TEST(CompareTables, DifferencesToTheBaselineAndTheBest) {
  MetricSummary low{"loss", "", "min"}, lower = low, plain{"steps", "", ""};
  low.last = 0.5;
  lower.last = 0.25;
  plain.last = 7;
  const std::vector<RunDetail> runs{run_with({}, {low, plain}), run_with({}, {lower})};
  const auto rows = metric_rows(runs, 0);
  EXPECT_EQ(rows[0].cells, QStringList({"loss", "0.5", "★ 0.25  (−0.25)"}));
  EXPECT_EQ(rows[1].cells, QStringList({"steps", "7", "–"}));
  EXPECT_EQ(metric_rows(runs, 1)[0].cells, QStringList({"loss", "0.5  (+0.25)", "★ 0.25"}));
  EXPECT_TRUE(metric_rows({}, 0).empty());
}

TEST(CompareTables, SeedsAreSummedUp) {
  MetricSummary accuracy{"accuracy", "", "max"};
  std::vector<RunDetail> runs;
  for (const double value : {0.8, 0.9, 1.0}) {
    accuracy.last = value;
    runs.push_back(run_with({{"lr", 0.1, ""}, {"out", value, ""}}, {accuracy}));
    runs.back().seed = std::to_string(runs.size());
  }
  EXPECT_TRUE(differ_by_seed(runs));
  EXPECT_EQ(metric_rows(runs, 0)[0].cells.back(), "0.9 ± 0.2484") << "4.303 * 0.1 / sqrt(3)";
  runs[0].params[0].value = 0.2;
  EXPECT_FALSE(differ_by_seed(runs)) << "the rate differs, too";
  EXPECT_EQ(metric_rows(runs, 0)[0].cells.size(), 4);
  runs[0].params[0].value = 0.1;
  runs[0].seed = runs[1].seed;
  EXPECT_FALSE(differ_by_seed(runs));
  EXPECT_FALSE(differ_by_seed({}));
}

TEST_F(UiTest, NumbersOfRunsAreColumns) {
  MetricSummary loss{"loss", "", "min"};
  loss.last = 0.5;
  const auto columns =
      number_columns({run_with({{"lr", 0.1, ""}, {"batch", 8, ""}, {"name", "x", ""}}, {loss}),
                      run_with({{"lr", 0.2, ""}, {"batch", 8, ""}}, {})});
  ASSERT_EQ(columns.size(), 2u) << "what is the same everywhere is no axis";
  EXPECT_EQ(columns[0].name, "lr");
  EXPECT_FALSE(columns[0].metric);
  EXPECT_TRUE(std::isnan(columns[1].values[1])) << "this run has no loss";

  ParallelPlot plot;
  plot.resize(420, 200);
  plot.show_runs({{"a", false, {0, 1}}, {"b", true, {0, 1}}}, {{"one", Qt::red}, {"two", Qt::blue}});
  plot.show();
  EXPECT_EQ(plot.run_at({200, 176}), 0) << "the lowest everywhere";
  EXPECT_EQ(plot.run_at({200, 34}), 1);
  EXPECT_EQ(plot.run_at({200, 100}), -1);

  ScatterPlot scatter;
  scatter.show_runs(columns, {{"one", Qt::red}, {"two", Qt::blue}});
  EXPECT_EQ(scatter.across()->currentText(), "lr");
  EXPECT_EQ(scatter.up()->currentText(), "loss");
  EXPECT_EQ(scatter.plot()->graphCount(), 1) << "a run without the number is left out";
  scatter.up()->setCurrentIndex(0);
  EXPECT_EQ(scatter.plot()->graphCount(), 2);
  EXPECT_EQ(scatter.takeaway().csv(),
            "run,lr,lr\none,0.10000000000000001,0.10000000000000001\n"
            "two,0.20000000000000001,0.20000000000000001\n");
  EXPECT_EQ(plot.takeaway().csv(), "run,a,b\none,0,0\ntwo,1,1\n");
  for (const char* suffix : {"png", "svg", "pdf", "csv"})
    for (const Takeaway& what : {plot.takeaway(), scatter.takeaway()}) {
      const auto file = dir_ / (what.name.toStdString() + "." + suffix);
      EXPECT_EQ(export_to(what, QString::fromStdString(file.string())), "");
      EXPECT_GT(std::filesystem::file_size(file), 20u) << file;
    }
  EXPECT_NE(export_to(plot.takeaway(), "/none/x.png"), "");
  EXPECT_NE(export_to(plot.takeaway(), "x.docx"), "");
}

class CompareTest : public UiTest {};

TEST_F(CompareTest, PinnedRunsStandSideBySide) {
  const int64_t a = add_run("a", 0.5, 100, "vqa", 0.1), b = add_run("b", 0.75, 100, "vqa", 0.2);
  window().open_page("runs");
  auto* table = child<QTableView>("runs.table");
  ASSERT_TRUE(wait([&] { return table->model()->rowCount() == 2; }));
  table->selectAll();
  QTest::keyClick(table, Qt::Key_C);
  window().open_page("compare");
  auto& page = *static_cast<ComparePage*>(window().page("compare"));
  const QAbstractItemModelTester tester(const_cast<TextTableModel*>(&page.metrics()),
                                        QAbstractItemModelTester::FailureReportingMode::Fatal);
  ASSERT_TRUE(wait([&] { return page.settled() && page.metrics().rowCount() == 2; }));
  EXPECT_EQ(page.command(),
            QStringList({"conclave-history", "compare", QString::number(b), QString::number(a)}));
  EXPECT_EQ(page.metrics().at(0).cells, QStringList({"accuracy", "★ 0.75", "0.5  (−0.25)"}));
  EXPECT_EQ(page.parameters().at(0).cells, QStringList({"lr", "0.2", "0.1"}));
  EXPECT_EQ(page.curves().plots().size(), 2u);
  EXPECT_TRUE(wait_settled());
  keep_picture("compare");
  EXPECT_EQ(page.takeaway().name, "metrics");
  EXPECT_EQ(page.takeaway().suffixes(), "csv");
  auto* tabs = child<QTabWidget>("compare.tabs");
  tabs->setCurrentIndex(1);
  EXPECT_TRUE(page.takeaway().csv().startsWith(",")) << "parameters";
  tabs->setCurrentIndex(3);
  EXPECT_EQ(page.takeaway().suffixes(), "png svg pdf csv");
  page.curves().findChild<QToolButton*>("curves.take")->click();
  auto* menu = page.curves().findChild<QMenu*>("curves.take.menu");
  ASSERT_NE(menu, nullptr);
  EXPECT_EQ(menu->actions().size(), 2) << "each plot can be taken along";
  menu->close();
  page.curves().plots()[0]->cursor_moved(50);
  EXPECT_EQ(page.curves().plots()[1]->cursor(), 50) << "cursors are linked";
  QTest::mouseClick(child<QToolButton>(qPrintable(QString("chip.%1").arg(a))), Qt::LeftButton);
  EXPECT_EQ(page.metrics().at(0).cells, QStringList({"accuracy", "★ 0.75  (+0.25)", "0.5"}));
  Store::open(history()).purge(std::span(&a, 1));  // while it is shown
  ASSERT_TRUE(wait([&] { return page.settled() && page.metrics().columnCount() == 2; }));
  trigger("compare.clear");
  EXPECT_TRUE(wait([&] { return page.settled() && page.metrics().columnCount() == 1; }));
}

TEST_F(CompareTest, PinsAreThereAgainTheNextTime) {
  const int64_t a = add_run("a", 0.5), b = add_run("b", 0.75), c = add_run("c", 0.6);
  window().open_page("runs");
  ASSERT_TRUE(wait([&] { return child<QTableView>("runs.table")->model()->rowCount() == 3; }));
  child<QTableView>("runs.table")->selectAll();
  trigger("runs.pin");
  window().open_page("compare");
  const auto shown = [&] { return window().page("compare")->command().mid(2); };
  const auto numbers = [](const std::vector<int64_t>& runs) {
    QStringList words;
    for (const int64_t run : runs) words << QString::number(run);
    return words;
  };
  ASSERT_TRUE(wait([&] { return shown() == numbers({c, b, a}); }));
  const auto remembered = [] {
    Preferences kept;
    kept.beginGroup("compare/pins");
    return kept.childKeys().size() == 1 ? kept.value(kept.childKeys()[0]).toStringList().size() : 0;
  };
  ASSERT_TRUE(wait([&] { return remembered() == 3; }));
  window_.reset();
  Store::open(history()).purge(std::span(&b, 1));
  window().open_page("runs");
  EXPECT_TRUE(wait([&] { return child<QToolButton>("rail.compare")->text().trimmed() == "Compare  2"; }))
      << "told before the page is seen";
  window().open_page("compare");
  EXPECT_TRUE(wait([&] { return shown() == numbers({c, a}); }));
  EXPECT_TRUE(child<QLabel>("status.message")->text().contains("no longer in this history"));
  ASSERT_TRUE(wait([&] { return remembered() == 2; }));
  window_.reset();
  window().open_page("compare");
  EXPECT_TRUE(wait([&] { return shown() == numbers({c, a}); }));
  EXPECT_FALSE(child<QLabel>("status.message")->text().contains("no longer")) << "it is said once";
  window().pin_named_runs({"a"});  // as --pin does: these and no others
  EXPECT_TRUE(wait([&] { return shown() == numbers({a}); }));
  trigger("compare.clear");
  EXPECT_TRUE(wait([&] { return remembered() == 0; }));
}

TEST_F(CompareTest, AHundredAndTwentyRuns) {
  constexpr int kRuns = 120;
  {
    Store store = Store::open(history());
    for (int r = 0; r < kRuns; ++r) {
      const std::string uuid = new_uuid();
      const std::vector<Json> records = {
          {{"op", "start"},
           {"run", uuid},
           {"app", "vqa"},
           {"verb", "train"},
           {"name", "sweep-" + std::to_string(r)},
           {"time_ms", 1700000000000 + r * 1000},
           {"argv", Json::array({"conclave-vqa", "train"})},
           {"machine", Json::object()},
           {"process", {{"host", "elsewhere"}, {"pid", 1}, {"start", 1}}}},
          {{"op", "params"},
           {"run", uuid},
           {"params", Json::array({{{"key", "lr"}, {"value", 0.001 * r}, {"source", "default"}}})}},
          {{"op", "finish"},
           {"run", uuid},
           {"status", "finished"},
           {"exit_code", 0},
           {"time_ms", 1800000000000}}};
      Curves curves;
      for (int m = 0; m < 20; ++m)
        for (int step = 0; step < 300; ++step) {
          Series& series = curves[m == 0 ? "loss" : "metric-" + std::to_string(m)];
          series.steps.push_back(step);
          series.seconds.push_back(static_cast<float>(step));
          series.values.push_back(1.0 / (1 + step) + 0.01 * r);
        }
      store.record(std::span(records).first(2), uuid, curves);
      store.record(std::span(records).last(1));
    }
  }
  window().open_page("runs");
  ASSERT_TRUE(wait([&] { return child<QTableView>("runs.table")->model()->rowCount() == kRuns; }));
  trigger("runs.pin-group");
  auto& page = *static_cast<ComparePage*>(window().page("compare"));
  ASSERT_TRUE(wait([&] { return page.settled() && page.metrics().columnCount() == kRuns + 1; }));
  EXPECT_EQ(page.metrics().rowCount(), 20);
  EXPECT_LE(window().minimumSizeHint().width(), 1000)
      << "chips are scrolled, the window is not as wide as they";
  ASSERT_FALSE(page.curves().plots().empty());
  EXPECT_FALSE(page.curves().plots()[0]->buckets(kRuns - 1).empty()) << "each has its curve";
  page.curves().plots()[0]->cursor_moved(50);
  EXPECT_LE(window().minimumSizeHint().width(), 1000);
  keep_picture("compare-120");
  auto* tabs = child<QTabWidget>("compare.tabs");
  auto* scatter = static_cast<ScatterPlot*>(tabs->widget(3));
  tabs->setCurrentIndex(3);
  QTest::qWait(50);
  const QPointF place = scatter->plot()->graph(7)->coordsToPixels(
      scatter->plot()->graph(7)->dataMainKey(0), scatter->plot()->graph(7)->dataMainValue(0));
  EXPECT_TRUE(scatter->run_at(place).contains("sweep-")) << "names are told, not written over each other";
  EXPECT_EQ(scatter->plot()->itemCount(), 0);
  keep_picture("compare-120-scatter");
  tabs->setCurrentIndex(2);
  keep_picture("compare-120-axes");
  const int64_t last = page.command().last().toLongLong();
  auto* chip = child<QToolButton>(qPrintable(QString("chip.%1").arg(last)));
  child<QScrollArea>("compare.chips")->ensureWidgetVisible(chip);
  QTest::mouseClick(chip, Qt::LeftButton);
  EXPECT_TRUE(page.metrics().at(0).cells[1].contains('(')) << "the difference to the last one";
  EXPECT_FALSE(page.metrics().at(0).cells[kRuns].contains('('));
  child<QToolButton>(qPrintable(QString("unpin.%1").arg(last)))->click();
  EXPECT_TRUE(wait([&] { return page.settled() && page.metrics().columnCount() == kRuns; }));
  EXPECT_EQ(child<QToolButton>("rail.compare")->text().trimmed(), "Compare  119");
}

}  // namespace
}  // namespace conclave::ui
