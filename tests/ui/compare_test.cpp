// Runs side by side.
#include <gmock/gmock.h>

#include <QAbstractItemModelTester>
#include <QComboBox>
#include <QMenu>
#include <QTabWidget>
#include <QTableView>
#include <QToolButton>
#include <cmath>

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

}  // namespace
}  // namespace conclave::ui
