// The list of runs, one run beside it, and its curves.
#include <gmock/gmock.h>

#include <QAbstractItemModelTester>
#include <QComboBox>
#include <QHeaderView>
#include <QLineEdit>
#include <QPlainTextEdit>
#include <QSignalSpy>
#include <QTableView>

#include "framework/base/file.h"
#include "framework/base/json.h"
#include "framework/history/machine.h"
#include "framework/history/queue.h"
#include "ui/data/table_view.h"
#include "ui/plots/spark_lines.h"
#include "ui/runs/run_inspector.h"
#include "ui/runs/runs_page.h"
#include "ui_test.h"

namespace conclave::ui {
namespace {

class RunsTest : public UiTest {
 protected:
  const char* first_page() const override { return "runs"; }
  RunsPage& page() { return *static_cast<RunsPage*>(window().page("runs")); }
  QTableView* table() { return child<QTableView>("runs.table"); }
  QString cell(int row, int column) { return page().model().index(row, column).data().toString(); }
  int rows() { return page().model().rowCount(); }
  bool wait_rows(int count) {
    return wait([&] { return rows() == count && page().settled(); });
  }
};

TEST_F(RunsTest, ListsNewestFirstWithItsMetrics) {
  const int64_t first = add_run("first", 0.5), second = add_run("second", 0.75);
  const QAbstractItemModelTester tester(const_cast<RunTableModel*>(&page().model()),
                                        QAbstractItemModelTester::FailureReportingMode::Fatal);
  ASSERT_TRUE(wait_rows(2));
  EXPECT_EQ(cell(0, 0), QString::number(second));
  EXPECT_EQ(cell(0, 1), "second");
  EXPECT_EQ(cell(0, 2), "vqa train");
  ASSERT_TRUE(page().model().metrics().contains("accuracy"));
  const int accuracy = kRunColumns + static_cast<int>(page().model().metrics().indexOf("accuracy"));
  EXPECT_EQ(cell(0, accuracy), "0.75");
  table()->sortByColumn(accuracy, Qt::AscendingOrder);
  EXPECT_EQ(cell(0, 0), QString::number(first));
  add_run("third", 0.6);  // appears by itself, in its place
  ASSERT_TRUE(wait_rows(3));
  EXPECT_EQ(cell(1, 1), "third");
}

TEST_F(RunsTest, FilterSpeaksTheStoresLanguage) {
  for (int i = 0; i < 5; ++i) add_run("run-" + std::to_string(i), 0.1 * i);
  add_run("other", 0.9, 10, "stream");
  ASSERT_TRUE((window(), wait_rows(6)));
  QTest::keyClick(table(), Qt::Key_F, Qt::ControlModifier);
  auto* filter = child<QLineEdit>("runs.filter.text");
  EXPECT_TRUE(filter->hasFocus());
  QTest::keyClicks(filter, "app:vqa accuracy>0.25");
  ASSERT_TRUE(wait_rows(2));
  EXPECT_EQ(window().current_page()->command(),
            QStringList({"conclave-history", "list", "app:vqa", "accuracy>0.25"}));
  filter->setText("accuracy>x");
  EXPECT_TRUE(wait([&] {
    for (const QLabel* label : page().findChildren<QLabel*>())
      if (label->isVisible() && label->text().contains("accuracy")) return true;
    return false;
  }));
  filter->setText("nosuchword");
  EXPECT_TRUE(wait_rows(0));
  EXPECT_TRUE(child<QLabel>("runs.empty")->isVisible());
  filter->clear();
  EXPECT_TRUE(wait_rows(6));
}

TEST_F(RunsTest, InspectorShowsWhatItWasToldAndWhatCameOfIt) {
  const int64_t run = add_run("first", 0.5);
  ASSERT_TRUE((window(), wait_rows(1)));
  auto* inspector = child<RunInspector>("inspector");
  ASSERT_TRUE(wait([&] { return inspector->run() == run && inspector->settled(); }));
  const auto* params = child<QTableView>("run.table.Parameters")->model();
  EXPECT_EQ(params->index(0, 0).data(), "lr");
  EXPECT_EQ(params->index(0, 1).data(), "0.1");
  EXPECT_EQ(params->index(0, 2).data(), "flag (--lr)");
  const auto* metrics = child<QTableView>("run.table.Metrics")->model();
  EXPECT_EQ(metrics->index(0, 0).data(), "accuracy");
  EXPECT_EQ(metrics->index(0, 1).data(), "0.5");
  EXPECT_EQ(child<QTableView>("run.table.Events")->model()->index(0, 2).data(), "expert 3 is dead");
  const auto* environment = child<QTableView>("run.table.Environment")->model();
  QStringList told;
  for (int row = 0; row < environment->rowCount(); ++row)
    told << environment->index(row, 0).data().toString();
  for (const char* wanted : {"host", "version", "seed", "process", "cpu", "cores", "memory_bytes", "system"})
    EXPECT_TRUE(told.contains(wanted)) << wanted;
  table()->setFocus();
  QTest::keyClick(table(), Qt::Key_Space);
  EXPECT_FALSE(inspector->isVisible());
  QTest::keyClick(table(), Qt::Key_Space);
  EXPECT_TRUE(inspector->isVisible());
}

// A WAV file of a quarter of a second.
std::string some_wav() {
  const int rate = 8000, samples = 2000;
  std::string wav = "RIFF";
  const auto number = [&](uint32_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) wav += static_cast<char>(value >> (8 * i));
  };
  number(36 + 2 * samples, 4);
  wav += "WAVEfmt ";
  number(16, 4), number(1, 2), number(1, 2), number(rate, 4), number(2 * rate, 4), number(2, 2),
      number(16, 2);
  wav += "data";
  number(2 * samples, 4);
  for (int i = 0; i < samples; ++i) number(static_cast<uint32_t>(i % 100 * 200), 2);
  return wav;
}

TEST_F(RunsTest, FilesOfARunAreSeenAtAGlance) {
  QImage picture(300, 200, QImage::Format_RGB32);
  picture.fill(Qt::red);
  ASSERT_TRUE(picture.save(QString::fromStdString((dir_ / "a.png").string())));
  write_file(dir_ / "b.json", R"({"answer": [1, 2]})");
  write_file(dir_ / "c.wav", some_wav());
  write_file(dir_ / "d.txt", std::string(100000, 'x'));
  write_file(dir_ / "e.bin", std::string("\0\1hello", 7));
  write_file(dir_ / "f.png", "no picture");
  write_file(dir_ / "g.txt", "one");
  {
    RunWriter run(history(), {"vqa", "run", "files"});
    for (const char* name : {"a.png", "b.json", "c.wav", "d.txt", "e.bin", "f.png", "g.txt"})
      run.output(dir_ / name, "answers");
    run.finish("finished", 0);
  }
  write_file(dir_ / "g.txt", "another");
  ASSERT_TRUE((window(), wait_rows(1)));
  ASSERT_TRUE(wait_settled());
  auto* files = child<QTableView>("run.table.Files");
  auto* text = child<QPlainTextEdit>("preview.text");
  auto* note = child<QLabel>("preview.note");
  child<QTabWidget>("run.tabs")->setCurrentIndex(2);
  const auto choose = [&](const char* name) {
    for (int row = 0; row < files->model()->rowCount(); ++row)
      if (files->model()->index(row, 0).data().toString().endsWith(name)) choose_row(*files, row);
    EXPECT_TRUE(wait_settled()) << name;
  };
  choose("a.png");
  EXPECT_EQ(note->text(), "300 × 200 pixels");
  EXPECT_EQ(child<QLabel>("preview.picture")->pixmap().toImage().pixelColor(5, 5), QColor(Qt::red));
  choose("b.json");
  EXPECT_TRUE(text->toPlainText().startsWith("{\n  \"answer\": ["));
  choose("c.wav");
  EXPECT_EQ(note->text(), "0.25 s of sound, 8000 Hz");
  EXPECT_FALSE(child<QLabel>("preview.picture")->pixmap().isNull());
  keep_picture("runs-preview");
  choose("d.txt");
  EXPECT_LT(text->toPlainText().size(), 70000);
  EXPECT_TRUE(note->text().startsWith("the first"));
  choose("e.bin");
  EXPECT_TRUE(text->toPlainText().startsWith("0000  00 01 68 65"));
  EXPECT_TRUE(text->toPlainText().endsWith("..hello"));
  choose("f.png");
  EXPECT_TRUE(note->text().contains("cannot be read"));
  choose("g.txt");
  EXPECT_EQ(text->toPlainText(), "another");
  EXPECT_TRUE(note->text().contains("written anew"));
}

TEST_F(RunsTest, LogOfAQueuedRunIsShownAndBounded) {
  const auto log = dir_ / "job.log";
  {
    Store store = Store::open(history());
    const JobSpec job{{"conclave-vqa", "train"}};
    const int64_t id = Queue(store).add(std::span(&job, 1)).front();
    ASSERT_TRUE(Queue(store).claim({1, 0}));
    Queue(store).keep(id, log);
    ::setenv("CONCLAVE_JOB", Queue(store).show(id).uuid.c_str(), 1);
    RunWriter run(history(), {"vqa", "train", "queued"});
    run.finish("finished", 0);
    ::unsetenv("CONCLAVE_JOB");
  }
  std::string lines;
  for (int i = 0; i < 100000; ++i) lines += "step " + std::to_string(i) + "\n";
  write_file(log, lines);
  add_run("by hand", 0.5);
  ASSERT_TRUE((window(), wait_rows(2)));
  auto* shown = child<QPlainTextEdit>("run.log");
  EXPECT_TRUE(wait([&] { return shown->toPlainText().contains("page Queue"); }));
  choose_row(*table(), 1);
  EXPECT_TRUE(wait([&] { return shown->toPlainText().contains("step 99999"); }));
  EXPECT_LE(shown->blockCount(), 2000);
}

TEST_F(RunsTest, NameTagsAndNoteAreKeptAndTakenBack) {
  const int64_t run = add_run("first", 0.5);
  ASSERT_TRUE((window(), wait_rows(1)));
  ASSERT_TRUE(wait([&] { return child<QLineEdit>("run.name")->text() == "first"; }));
  const auto kept = [&] { return Store::open_read_only(history()).show(run); };
  auto* tags = child<QLineEdit>("run.tags");
  tags->setFocus();
  QTest::keyClicks(tags, "paper, best,paper");
  QTest::keyClick(tags, Qt::Key_Return);
  EXPECT_TRUE(wait([&] { return kept().tags == std::vector<std::string>{"best", "paper"}; }));
  auto* note = child<QPlainTextEdit>("run.note");
  note->setFocus();
  QTest::keyClicks(note, "diverges");
  EXPECT_TRUE(wait([&] { return kept().note == "diverges"; }));  // by itself, after a pause
  page().undo().undo();
  EXPECT_TRUE(wait([&] { return kept().note.empty(); }));
  page().undo().undo();
  EXPECT_TRUE(wait([&] { return kept().tags.empty(); }));
  page().undo().redo();
  EXPECT_TRUE(wait([&] { return kept().tags.size() == 2; }));
}

TEST_F(RunsTest, BinAndBackAgain) {
  add_run("first", 0.5);
  add_run("second", 0.5);
  ASSERT_TRUE((window(), wait_rows(2)));
  table()->setFocus();
  QTest::keyClick(table(), Qt::Key_Delete);
  ASSERT_TRUE(wait_rows(1));
  EXPECT_EQ(cell(0, 1), "first");
  QTest::keyClick(table(), Qt::Key_Z, Qt::ControlModifier);
  ASSERT_TRUE(wait_rows(2));
  choose_row(*table(), 0);
  ASSERT_EQ(page().selected().size(), 1u);
  QTest::keyClick(table(), Qt::Key_Delete);
  ASSERT_TRUE(wait_rows(1));
  EXPECT_EQ(cell(0, 1), "first");
  trigger("runs.show-bin");
  ASSERT_TRUE(wait([&] { return rows() == 1 && cell(0, 1) == "second"; }));
  ASSERT_FALSE(page().selected().empty());
  QTest::keyClick(table(), Qt::Key_Delete);
  EXPECT_TRUE(wait_rows(0));
  trigger("runs.show-bin");
  EXPECT_TRUE(wait_rows(2));
}

TEST_F(RunsTest, RunThatVanishesWhileItIsShown) {
  const int64_t run = add_run("first", 0.5);
  ASSERT_TRUE((window(), wait_rows(1)));
  QTest::keyClick(table(), Qt::Key_Return);
  ASSERT_TRUE(wait_settled());
  Store::open(history()).purge(std::span(&run, 1));
  EXPECT_TRUE(wait_rows(0));
  window().open_page("runs");
  EXPECT_TRUE(wait_settled());
}

TEST(RunGroups, MeansOfWhatRunsHaveInCommon) {
  std::vector<RunSummary> runs(3);
  for (size_t i = 0; i < runs.size(); ++i) {
    runs[i].id = static_cast<int64_t>(i) + 1;
    runs[i].uuid = std::to_string(i);
    MetricSummary loss{"loss", "", "min"};
    loss.last = static_cast<double>(i);
    runs[i].metrics = {loss};
  }
  runs[0].tags = {"a", "b"};
  runs[2].tags = {"b"};
  const auto groups = group_runs(runs, GroupBy::tag, {});
  ASSERT_EQ(groups.size(), 3u);
  EXPECT_EQ(groups[1].runs, (std::vector<int64_t>{1, 3})) << "a run with two tags is in both";
  EXPECT_EQ(groups[2].name, "–") << "what has no tag comes last";
  const auto rows = group_rows(groups, runs, {"loss", "none"});
  EXPECT_EQ(rows[0].cells, QStringList({"all", "3", "1", ""}));
  EXPECT_EQ(rows[2].cells, QStringList({"b", "2", "1", ""}));
  EXPECT_EQ(group_runs(runs, GroupBy::sweep, {{"1", "batch"}})[0].runs, std::vector<int64_t>{2});
  EXPECT_TRUE(group_runs(runs, GroupBy::nothing, {}).empty());
}

TEST_F(RunsTest, GroupsAreListedChosenAndCompared) {
  for (const char* name : {"a", "b"}) add_run(name, 0.5, 10, "vqa");
  add_run("c", 0.8, 10, "audio");
  ASSERT_TRUE((window(), wait_rows(3)));
  const QAbstractItemModelTester tester(const_cast<TextTableModel*>(&page().groups()),
                                        QAbstractItemModelTester::FailureReportingMode::Fatal);
  EXPECT_FALSE(child<QTableView>("runs.groups")->isVisible());
  child<QComboBox>("runs.group.by")->setCurrentText("by program");
  ASSERT_TRUE(wait([&] { return page().groups().rowCount() == 3; }));
  EXPECT_EQ(page().groups().at(1).cells.mid(0, 2), QStringList({"audio train", "1"}));
  choose_row(*child<QTableView>("runs.groups"), 2);
  EXPECT_TRUE(wait_rows(2)) << "those of vqa";
  keep_picture("runs-groups");
  page().refresh();
  ASSERT_TRUE(wait_settled());
  EXPECT_EQ(page().model().rowCount(), 2) << "and stay so";
  trigger("runs.pin-group");
  EXPECT_EQ(window().current_page()->id(), "compare");
  window_.reset();
  window();
  EXPECT_EQ(child<QComboBox>("runs.group.by")->currentText(), "by program") << "it is remembered";
}

TEST_F(RunsTest, ColumnsAreRemembered) {
  add_run("first", 0.5);
  ASSERT_TRUE((window(), wait_rows(1)));
  trigger("runs.columns");
  ASSERT_TRUE(wait([&] { return window().findChild<QMenu*>("runs.columns.menu") != nullptr; }));
  auto* menu = child<QMenu>("runs.columns.menu");
  for (QAction* action : menu->actions())
    if (action->text() == "loss") action->setChecked(false);
  menu->close();
  ASSERT_TRUE(wait_settled());
  EXPECT_EQ(page().model().metrics(), QStringList({"accuracy"}));
  window_.reset();
  window();
  EXPECT_EQ(page().model().metrics(), QStringList({"accuracy"}));
}

TEST_F(RunsTest, ParametersAreColumnsThatAreSorted) {
  for (const double lr : {0.1, 0.02, 0.3}) add_run("lr " + std::to_string(lr), 0.5, 10, "vqa", lr);
  {
    RunWriter run(history(), {"vqa", "train", "in words"});
    run.param("lr", "scheduled", "flag (--lr)");
    run.finish("finished", 0);
  }
  RunWriter(history(), {"vqa", "train", "none"}).finish("finished", 0);
  ASSERT_TRUE((window(), wait_rows(5)));
  trigger("runs.columns");
  ASSERT_TRUE(wait([&] { return window().findChild<QMenu*>("runs.columns.params") != nullptr; }));
  QStringList offered;
  for (QAction* action : child<QMenu>("runs.columns.params")->actions()) {
    offered << action->text();
    if (action->text() == "lr") action->trigger();
  }
  EXPECT_EQ(offered, QStringList({"lr", "mode"}));
  child<QMenu>("runs.columns.menu")->close();
  const int lr = page().model().columnCount() - 1;
  ASSERT_TRUE(wait([&] { return page().settled() && cell(2, lr) == "0.3"; }));
  EXPECT_EQ(page().model().headerData(lr, Qt::Horizontal, Qt::DisplayRole), "lr");
  table()->sortByColumn(lr, Qt::AscendingOrder);
  QStringList values;
  for (int row = 0; row < rows(); ++row) values << cell(row, lr);
  EXPECT_EQ(values, QStringList({"0.02", "0.1", "0.3", "scheduled", ""})) << "numbers, then words, then none";
  keep_picture("runs-params");
  window_.reset();
  ASSERT_TRUE((window(), wait_rows(5)));
  EXPECT_EQ(page().model().params(), QStringList({"lr"}));
  EXPECT_EQ(cell(2, lr), "0.3");
}

void drag(QWidget* widget, const QPoint& from, const QPoint& to) {
  const auto send = [&](QEvent::Type type, const QPoint& at, Qt::MouseButtons held) {
    QMouseEvent event(type, at, widget->mapToGlobal(at), Qt::LeftButton, held, Qt::NoModifier);
    QCoreApplication::sendEvent(widget, &event);
  };
  send(QEvent::MouseButtonPress, from, Qt::LeftButton);
  send(QEvent::MouseMove, (from + to) / 2, Qt::LeftButton);
  send(QEvent::MouseMove, to, Qt::LeftButton);
  send(QEvent::MouseButtonRelease, to, Qt::NoButton);
}

TEST_F(RunsTest, ColumnsStayWhereTheyWereDragged) {
  add_run("first", 0.5);
  ASSERT_TRUE((window(), wait_rows(1)));
  QHeaderView* header = table()->horizontalHeader();
  const int name = static_cast<int>(RunColumn::name), program = static_cast<int>(RunColumn::program);
  const auto middle = [&](int section) {
    return QPoint(header->sectionViewportPosition(section) + header->sectionSize(section) / 2, 8);
  };
  const auto edge = [&](int section) {
    return QPoint(header->sectionViewportPosition(section) + header->sectionSize(section) - 1, 8);
  };
  drag(header->viewport(), middle(name), middle(program) + QPoint(20, 0));
  EXPECT_EQ(header->visualIndex(program), 1);
  EXPECT_EQ(header->visualIndex(name), 2);
  const int before = header->sectionSize(name);
  drag(header->viewport(), edge(name), edge(name) + QPoint(45, 0));
  EXPECT_EQ(header->sectionSize(name), before + 45);
  add_run("second", 0.5);  // another list does not move them
  ASSERT_TRUE(wait_rows(2));
  EXPECT_EQ(header->visualIndex(name), 2);
  keep_picture("runs-dragged");

  window_.reset();
  ASSERT_TRUE((window(), wait_rows(2)));
  header = table()->horizontalHeader();
  EXPECT_EQ(header->visualIndex(program), 1);
  EXPECT_EQ(header->visualIndex(name), 2);
  EXPECT_EQ(header->sectionSize(name), before + 45);
  trigger("runs.columns");
  ASSERT_TRUE(wait([&] { return window().findChild<QMenu*>("runs.columns.menu") != nullptr; }));
  for (QAction* action : child<QMenu>("runs.columns.menu")->actions())
    if (action->text() == "Order and widths as they were") action->trigger();
  EXPECT_EQ(header->visualIndex(name), 1);
  EXPECT_EQ(header->sectionSize(name), before);
}

TEST_F(RunsTest, CurvesAreReadOfTheRowsThatAreSeen) {
  for (int i = 0; i < 120; ++i) add_run("run-" + std::to_string(i), 0.5, 20);
  ASSERT_TRUE((window(), wait_rows(120)));
  const auto* sparks = table()->findChild<SparkLines*>();
  ASSERT_NE(sparks, nullptr);
  ASSERT_TRUE(wait([&] { return sparks->kept() > 0 && page().settled(); }));
  EXPECT_LT(sparks->kept(), 100) << "of 240 that there are";
  const auto before = sparks->kept();
  keep_picture("runs-sparks");
  table()->scrollToBottom();
  EXPECT_TRUE(wait([&] { return sparks->kept() > before; })) << "the others come when they are seen";
}

// What a person waits for: the first rows; the rest comes while they look.
TEST_F(RunsTest, TenThousandRuns) {
  Store store = Store::open(history());
  std::vector<Json> records;
  for (int r = 0; r < 10000; ++r) {
    const std::string uuid = new_uuid();
    records.push_back({{"op", "start"},
                       {"run", uuid},
                       {"app", "vqa"},
                       {"verb", "train"},
                       {"name", "run-" + std::to_string(r)},
                       {"time_ms", 1700000000000 + r * 1000},
                       {"argv", Json::array({"conclave-vqa", "train"})},
                       {"machine", Json::object()},
                       {"process", {{"host", "elsewhere"}, {"pid", 1}, {"start", 1}}}});
    Json params = Json::array();
    for (const char* key : {"batch", "lr", "mode", "seed"})
      params.push_back({{"key", key}, {"value", r}, {"source", "default"}});
    records.push_back({{"op", "params"}, {"run", uuid}, {"params", params}});
    records.push_back({{"op", "metric"},
                       {"run", uuid},
                       {"name", "loss"},
                       {"steps", {1}},
                       {"seconds", {1.0}},
                       {"values", {1.0 / (r + 1)}}});
    records.push_back({{"op", "finish"},
                       {"run", uuid},
                       {"status", "finished"},
                       {"exit_code", 0},
                       {"time_ms", 1700000000000 + r * 1000 + 500}});
  }
  store.record(records);
  Preferences().setValue("runs/params", QStringList({"lr", "seed"}));
  window_ = std::make_unique<MainWindow>(history());
  window_->open_page("runs");
  const QSignalSpy listed(&page(), &RunsPage::listed);
  window_->show();
  ASSERT_TRUE(wait([&] { return listed.size() > 0; }));
  EXPECT_EQ(listed[0][0].toInt(), 200);
  EXPECT_TRUE(wait_rows(10000));
  EXPECT_EQ(cell(0, 1), "run-9999");
  EXPECT_EQ(cell(9999, 1), "run-0");
  const int lr = kRunColumns + static_cast<int>(page().model().metrics().size());
  EXPECT_EQ(cell(0, lr), "9999");
  table()->sortByColumn(lr, Qt::AscendingOrder);
  EXPECT_EQ(cell(0, lr), "0");
  EXPECT_EQ(cell(9999, lr + 1), "9999");
}

}  // namespace
}  // namespace conclave::ui
