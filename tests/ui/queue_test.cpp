// Jobs from the window, with the real conclave-history behind it.
#include <gmock/gmock.h>

#include <QAbstractItemModelTester>
#include <QImage>
#include <QLineEdit>
#include <QMimeData>
#include <QPlainTextEdit>
#include <QProcess>
#include <QPushButton>
#include <QSignalSpy>
#include <QTableView>
#include <QToolButton>
#include <fstream>

#include "framework/base/error.h"
#include "framework/base/file.h"
#include "testing/process.h"
#include "ui/data/format.h"
#include "ui/data/table_view.h"
#include "ui/form/command_dialog.h"
#include "ui/process/shell_words.h"
#include "ui/queue/queue_page.h"
#include "ui_test.h"

namespace conclave::ui {
namespace {

TEST(ShellWords, AreThoseOfAShell) {
  EXPECT_EQ(shell_words("a  'b c'\td\"e \\\" f\" g\\ h '' i'j'"),
            QStringList({"a", "b c", "de \" f", "g h", "", "ij"}));
  EXPECT_TRUE(shell_words("  ").isEmpty());
  const QStringList words{"conclave-vqa", "it's", "a b", "$x", "", "\\", "\"q\""};
  EXPECT_EQ(shell_words(shell_text(words)), words);
  EXPECT_THROW(shell_words("a 'b"), UsageError);
}

class QueueTest : public UiTest {
 protected:
  QueuePage& page() { return *static_cast<QueuePage*>(window().page("queue")); }
  void queue_command(const QString& command) {
    auto* text = child<QLineEdit>("queue.command");
    const int before = page().model().rowCount();
    text->setText(command);
    QTest::keyClick(text, Qt::Key_Return);
    ASSERT_TRUE(wait([&] { return page().model().rowCount() == before + 1; }));
  }
  std::string state(int64_t job) {
    const int row = page().model().row_of(job);
    return row < 0 ? "" : state_text(page().model().at(row)).toStdString();
  }
  void choose(int64_t job) { choose_row(*child<QTableView>("queue.table"), page().model().row_of(job)); }
};

TEST_F(QueueTest, JobsAreQueuedRunAndShowTheirLog) {
  window().open_page("queue");
  queue_command("/bin/sh -c 'echo hello from a job'");
  queue_command("/bin/sh -c 'exit 3'");
  EXPECT_EQ(state(1), "waiting");
  trigger("queue.work");
  ASSERT_TRUE(wait([&] { return state(1) == "done" && state(2) == "failed"; }));
  choose(1);
  EXPECT_TRUE(
      wait([&] { return child<QPlainTextEdit>("queue.log")->toPlainText() == "hello from a job\n"; }));
  keep_picture("queue");
  choose(2);
  trigger("queue.retry");
  EXPECT_TRUE(
      wait([&] { return state(2) == "failed" && page().model().at(page().model().row_of(2)).tries >= 1; }));
  trigger("queue.work");
}

TEST_F(QueueTest, ASweepIsOneGroupThatIsCompared) {
  window().open_page("queue");
  auto* command = child<QLineEdit>("queue.command");
  auto* sweep = child<QLineEdit>("queue.sweep");
  command->setText("conclave-vqa train");
  sweep->setText("lr");
  QTest::keyClick(command, Qt::Key_Return);
  EXPECT_TRUE(child<QLabel>("status.message")->text().contains("'lr'")) << "says what is wrong with it";
  EXPECT_EQ(command->text(), "conclave-vqa train") << "and loses nothing";
  sweep->setText("lr=0.1,0.2 stages.0.train.steps=5,6");
  QTest::keyClick(command, Qt::Key_Return);
  ASSERT_TRUE(wait([&] { return page().model().rowCount() == 4; }));
  const Job first = page().model().at(0);
  EXPECT_THAT(first.argv, ::testing::Contains("stages.0.train.steps=5"));
  EXPECT_FALSE(first.batch.empty());
  EXPECT_EQ(page().model().at(3).batch, first.batch);
  std::vector<int64_t> runs;
  for (int row = 0; row < 2; ++row) {
    ::setenv("CONCLAVE_JOB", page().model().at(row).uuid.c_str(), 1);  // as its program finds it
    runs.push_back(add_run("of the sweep", 0.5 + row * 0.1));
    ::unsetenv("CONCLAVE_JOB");
  }
  choose(first.id);
  trigger("queue.compare");
  ASSERT_TRUE(wait([&] { return window().current_page()->id() == "compare"; }));
  EXPECT_EQ(child<QTabWidget>("compare.tabs")->currentIndex(), 2) << "parallel axes";
  EXPECT_TRUE(wait([&] {
    const QStringList words = window().current_page()->command();
    return words.contains(QString::number(runs[0])) && words.contains(QString::number(runs[1]));
  }));
  keep_picture("sweep");
}

TEST_F(QueueTest, ACommandIsPutTogetherInItsForm) {
  window().open_page("queue");
  QTest::mouseClick(child<QPushButton>("queue.form"), Qt::LeftButton);
  auto* dialog = child<CommandDialog>("command.dialog");
  ASSERT_TRUE(wait([&] { return dialog->settled(); }));
  dialog->choose_program("conclave-stream");
  ASSERT_TRUE(wait([&] { return dialog->settled() && dialog->form() && dialog->form()->ready(); }));
  dialog->choose_verb("generate");
  ASSERT_TRUE(wait([&] { return dialog->settled() && dialog->form() && dialog->form()->ready(); }));
  const auto* take = dialog->findChild<QPushButton*>("command.take");
  if (const VerbOption* first = &dialog->form()->description().options.front(); first->required) {
    EXPECT_FALSE(take->isEnabled()) << first->name.toStdString() << " is needed";
    dialog->form()->set_value(first->name, "sea");
  }
  dialog->form()->set_value("rows", 5);
  ASSERT_TRUE(take->isEnabled()) << dialog->form()->problem().toStdString();
  QTest::mouseClick(const_cast<QPushButton*>(take), Qt::LeftButton);
  auto* text = child<QLineEdit>("queue.command");
  EXPECT_THAT(text->text().toStdString(), ::testing::HasSubstr("conclave-stream generate --rows 5"));
  QTest::keyClick(text, Qt::Key_Return);
  EXPECT_TRUE(wait([&] { return page().model().rowCount() == 1; }));
}

TEST_F(QueueTest, CancellingIsSaidUntilItIsTrueAndJobsOutliveTheWindow) {
  window().open_page("queue");
  const auto go = dir_ / "go", up = dir_ / "up";
  queue_command(
      QString("/bin/sh -c 'trap \"\" INT; touch %1; while [ ! -e %2 ]; do sleep 0.05; done; exit 1'")
          .arg(QString::fromStdString(up.string()), QString::fromStdString(go.string())));
  trigger("queue.work");
  ASSERT_TRUE(wait([&] { return state(1) == "running" && std::filesystem::exists(up); }));
  window_.reset();  // the job goes on
  window().open_page("queue");
  ASSERT_TRUE(wait([&] { return state(1) == "running"; })) << "found again";
  choose(1);
  trigger("queue.cancel");
  ASSERT_TRUE(wait([&] { return state(1) == "cancelling…"; }));
  std::ofstream(go) << "x";
  EXPECT_TRUE(wait([&] { return state(1) == "cancelled"; }));
}

const char* kTinyRecipe = R"({"name": "tiny", "vocabulary": 300,
  "picture": {"policy": "stretch", "size": 16},
  "model": {"max_tiles": 1,
            "vision": {"kind": "conv", "image": 16, "widths": [8, 16], "strides": [4, 2], "groups": 4},
            "connector": {"kind": "mlp2x_gelu"},
            "text": {"width": 32, "layers": 2, "heads": 4, "ffn": {"hidden": 48},
                     "moe": {"variant": "modality-aware", "experts": 4, "hidden": 24}}},
  "sources": {"own": {"kind": "llava"}},
  "stages": [{"name": "learn", "mix": [{"source": "own", "pictures": 2}],
              "train": {"steps": 1000000, "checkpoint_every": 5, "keep_last": 2,
                        "schedule": {"kind": "constant", "peak": 1e-3}}}]})";

TEST_F(QueueTest, ATrainingThatWasCancelledGoesOnFromItsStep) {
  namespace fs = std::filesystem;
  fs::create_directories(dir_ / "llava" / fs::path("images"));
  std::string questions;
  for (int i = 0; i < 4; ++i) {
    QImage picture(16, 16, QImage::Format_RGB32);
    picture.fill(QColor::fromHsv(i * 90, 255, 255));
    ASSERT_TRUE(picture.save(
        QString::fromStdString((dir_ / "llava" / fs::path(fmt::format("images/{}.png", i))).string())));
    questions += fmt::format(
        "{{\"question_id\": {0}, \"image\": \"{0}.png\", \"text\": \"is it red\", \"answer\": \"no\"}}\n", i);
  }
  write_file(dir_ / "llava" / fs::path("train.jsonl"), questions);
  write_file(dir_ / "recipe.json", kTinyRecipe);
  window().open_page("queue");
  const QAction* resume = window().actions().find("queue.resume");
  const QAction* retry = window().actions().find("queue.retry");
  const auto place = [&](const char* name) { return QString::fromStdString((dir_ / name).string()); };
  queue_command(
      shell_text(QStringList{"conclave-vqa", "train", "--threads", "1", "--recipe", place("recipe.json"),
                             "--data", QString::fromStdString(dir_.path().string()), "--out", place("out")}));
  queue_command("/bin/false train");
  choose(1);
  EXPECT_FALSE(resume->isEnabled()) << "nothing has ended";
  EXPECT_FALSE(retry->isEnabled());
  trigger("queue.work");
  const auto newest = [&] {
    Job job;
    job.state = "cancelled";  // as if it had ended
    job.argv = {"conclave-vqa", "train", "--out=out"};
    job.folder = dir_.path().string();
    return checkpoint_of(job);
  };
  ASSERT_TRUE(wait([&] { return state(1) == "running" && newest() && newest()->step >= 10; }));
  trigger("queue.cancel");
  ASSERT_TRUE(wait([&] { return state(1) == "cancelled"; }));
  ASSERT_TRUE(wait([&] { return resume->isEnabled(); }));
  const int64_t stopped = newest()->step;
  EXPECT_EQ(newest()->stage, 1);
  EXPECT_TRUE(resume->toolTip().contains(QString("step %1 of stage 1").arg(stopped)))
      << qPrintable(resume->toolTip());
  EXPECT_FALSE(retry->isEnabled()) << "it would not begin at the beginning";
  keep_picture("queue-resume");
  ASSERT_TRUE(wait([&] { return state(2) == "failed"; }));
  choose(2);
  EXPECT_TRUE(wait([&] { return retry->isEnabled() && !resume->isEnabled(); }))
      << "this one has no checkpoint";
  choose(1);
  ASSERT_TRUE(wait([&] { return resume->isEnabled(); }));
  QTest::keyClick(child<QTableView>("queue.table"), Qt::Key_R, Qt::ShiftModifier);
  ASSERT_TRUE(wait([&] { return state(1) == "running" && newest()->step > stopped; }));
  EXPECT_TRUE(wait([&] {
    return child<QPlainTextEdit>("queue.log")
        ->toPlainText()
        .contains(QString("goes on at step %1").arg(stopped));
  }));
  trigger("queue.cancel");
  ASSERT_TRUE(wait([&] { return state(1) == "cancelled"; }));
  trigger("queue.work");
  const Store store = Store::open_read_only(history());
  const Series loss = store.series(store.find("last"), "learn/loss");
  ASSERT_FALSE(loss.steps.empty());
  EXPECT_GT(loss.steps.front(), stopped) << "no step was made twice";
}

TEST_F(QueueTest, TheStatusBarCountsJobsAndLeadsToThem) {
  auto* status = child<QToolButton>("status.running");
  EXPECT_TRUE(wait([&] { return status->text() == "nothing is running"; }));
  window().open_page("queue");
  const auto go = dir_ / "go";
  for (int i = 0; i < 2; ++i)
    queue_command(QString("/bin/sh -c 'while [ ! -e %1 ]; do sleep 0.05; done'")
                      .arg(QString::fromStdString(go.string())));
  EXPECT_TRUE(wait([&] { return status->text() == "2 job(s) waiting"; }));
  trigger("queue.work");
  EXPECT_TRUE(wait([&] { return status->text() == "1 job(s) running  ·  1 job(s) waiting"; }))
      << qPrintable(status->text());
  window().open_page("home");
  QTest::mouseClick(status, Qt::LeftButton);
  EXPECT_EQ(window().current_page()->id(), "queue");
  std::ofstream(go) << "x";
  EXPECT_TRUE(wait([&] { return status->text() == "nothing is running"; }));
  trigger("queue.work");
}

TEST_F(QueueTest, AKilledWorkbenchLeavesItsJobToTheNextOne) {
  const auto go = dir_ / "go", up = dir_ / "up";
  const Store store = Store::open(history());
  JobSpec job;
  job.argv = {"/bin/sh", "-c", "touch \"$0\"; while [ ! -e \"$1\" ]; do sleep 0.05; done; echo went on",
              up.string(), go.string()};
  Queue(store).add(std::span(&job, 1));
  {
    Preferences preferences;  // as it was left: the program itself starts what waits
    preferences.setValue("queue/work", true);
    preferences.sync();
  }
  QProcess workbench;
  workbench.start(QString::fromStdString(testing::program_path("conclave-workbench").string()),
                  {"--history", QString::fromStdString(history().string()), "--page", "queue"});
  ASSERT_TRUE(QTest::qWaitFor([&] { return std::filesystem::exists(up); }, 30000))
      << workbench.readAllStandardError().toStdString();
  workbench.kill();
  ASSERT_TRUE(workbench.waitForFinished());
  EXPECT_EQ(workbench.exitStatus(), QProcess::CrashExit);
  EXPECT_EQ(Queue(store).show(1).state, "running");
  window().open_page("queue");
  ASSERT_TRUE(wait([&] { return state(1) == "running"; })) << "found by the next one";
  choose(1);
  EXPECT_TRUE(window().actions().find("queue.cancel")->isEnabled());
  std::ofstream(go) << "x";
  EXPECT_TRUE(wait([&] { return state(1) == "done"; })) << state(1);
  EXPECT_TRUE(wait([&] { return child<QPlainTextEdit>("queue.log")->toPlainText() == "went on\n"; }));
  EXPECT_EQ(Queue(store).show(1).tries, 1) << "it was never begun again";
}

TEST_F(QueueTest, WaitingJobsAreReordered) {
  window().open_page("queue");
  for (const char* name : {"a", "b", "c"}) queue_command(QString("/bin/echo ") + name);
  using ::testing::ElementsAre;
  EXPECT_THAT(page().model().waiting(), ElementsAre(1, 2, 3));
  choose(3);
  trigger("queue.up");
  ASSERT_TRUE(wait([&] { return page().model().waiting() == std::vector<int64_t>{1, 3, 2}; }));
  // Dragging job 2 to the top.
  JobTableModel& model = page().model();
  const QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::Fatal);
  const std::unique_ptr<QMimeData> dragged(model.mimeData({model.index(2, 0)}));
  EXPECT_FALSE(model.dropMimeData(dragged.get(), Qt::MoveAction, 0, 0, {}));
  EXPECT_TRUE(wait([&] { return model.waiting() == std::vector<int64_t>{2, 1, 3}; }));
  choose(1);
  trigger("queue.cancel");
  EXPECT_TRUE(wait([&] { return state(1) == "cancelled"; }));
  trigger("queue.remove");
  EXPECT_TRUE(wait([&] { return model.rowCount() == 2; }));
}

}  // namespace
}  // namespace conclave::ui
