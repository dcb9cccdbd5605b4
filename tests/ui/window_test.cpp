// The frame: pages, actions, palette, command line, colours.
#include <gmock/gmock.h>

#include <SQLiteCpp/SQLiteCpp.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <QAbstractItemModelTester>
#include <QAbstractScrollArea>
#include <QAccessible>
#include <QClipboard>
#include <QLineEdit>
#include <QScrollArea>
#include <QSignalSpy>
#include <QTabBar>
#include <QTextBrowser>
#include <QToolButton>

#include <cmath>
#include <csignal>
#include <optional>

#include "framework/base/file.h"
#include "ui/app/bench.h"
#include "ui/app/page_help.h"
#include "ui/app/palette.h"
#include "ui/app/rail.h"
#include "ui/app/screenshots.h"
#include "ui/data/machine_state.h"
#include "ui/data/table_view.h"
#include "ui/plots/spark_lines.h"
#include "ui/runs/run_table_model.h"
#include "ui/theme/theme.h"
#include "ui_test.h"

namespace conclave::ui {
namespace {

TEST_F(UiTest, NoKeyHasTwoMeaningsOnAPage) {
  for (const QString& id : window().page_ids()) window().open_page(id);
  EXPECT_EQ(window().actions().conflicts(), QStringList());
  ActionRegistry registry;
  QWidget widget;
  registry.add({"a", "A", "", QKeySequence("Ctrl+A")}, &widget, [] {});
  registry.add({"p.b", "B", "p", QKeySequence("Ctrl+B")}, &widget, [] {});
  registry.add({"q.b", "B", "q", QKeySequence("Ctrl+B")}, &widget, [] {});  // another page: well
  EXPECT_TRUE(registry.conflicts().isEmpty());
  registry.add({"q.a", "A", "q", QKeySequence("Ctrl+A")}, &widget, [] {});
  EXPECT_EQ(registry.conflicts().size(), 1);
}

TEST_F(UiTest, EveryActionIsInThePaletteAndSaysWhatItIs) {
  window();
  auto* palette = child<CommandPalette>("palette");
  for (const QString& page : window().page_ids()) {
    window().open_page(page);
    palette->open_for(page);
    const auto* list = palette->findChild<QAbstractItemView*>();
    QStringList listed;
    for (int row = 0; row < list->model()->rowCount(); ++row)
      listed << list->model()->index(row, 0).data().toString();
    for (const auto& [spec, action] : window().actions().entries()) {
      EXPECT_FALSE(action->text().isEmpty()) << spec.id.toStdString();
      if ((!spec.page.isEmpty() && spec.page != page) || !action->isEnabled()) continue;
      EXPECT_TRUE(listed.contains(action->text())) << spec.id.toStdString();
    }
    palette->hide();
  }
}

TEST_F(UiTest, PaletteFindsRunsAndOpensThem) {
  const int64_t run = add_run("warm-up", 0.9);
  window();
  QTest::keyClick(&window(), Qt::Key_K, Qt::ControlModifier);
  auto* palette = child<CommandPalette>("palette");
  ASSERT_TRUE(palette->isVisible());
  QTest::keyClicks(palette->findChild<QLineEdit*>(), "warm");
  const auto* list = palette->findChild<QAbstractItemView*>();
  ASSERT_TRUE(wait([&] { return list->model()->rowCount() > 0; }));
  EXPECT_EQ(list->model()->index(0, 0).data().toString(), QString("Run %1: warm-up").arg(run));
  QTest::keyClick(palette->findChild<QLineEdit*>(), Qt::Key_Return);
  EXPECT_FALSE(palette->isVisible());
  EXPECT_EQ(window().current_page()->id(), "runs");
  EXPECT_TRUE(wait([&] {
    return window().current_page()->command() ==
           QStringList({"conclave-history", "show", QString::number(run)});
  }));
}

TEST(Palette, FewLettersFindInOrder) {
  EXPECT_GT(match_score("gtr", "Go to Runs"), 0);
  EXPECT_GT(match_score("runs", "Go to Runs"), match_score("gtr", "Go to Runs"));
  EXPECT_LT(match_score("rg", "Go to Runs"), 0);
  PaletteModel model;
  const QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::Fatal);
  model.set_items({{"a", "", "", [] {}}});
  model.append({{"b", "", "", [] {}}, {"c", "", "", [] {}}});
  EXPECT_EQ(model.rowCount(), 3);
}

TEST_F(UiTest, TheMachineIsSeenAbove) {
  const auto ticks = parse_cpu("cpu  10 1 5 80 4 0 0 0 0 0\ncpu0 1\n");
  ASSERT_TRUE(ticks);
  EXPECT_EQ(ticks->busy, 16);
  EXPECT_EQ(ticks->all, 100);
  EXPECT_FALSE(parse_cpu("intr 1"));
  const auto memory = parse_memory("MemTotal:  100 kB\nMemFree: 1 kB\nMemAvailable:   40 kB\n");
  ASSERT_TRUE(memory);
  EXPECT_EQ(memory->used, 60 * 1024);
  EXPECT_FALSE(parse_memory("MemTotal: 5 kB"));
  EXPECT_EQ(gpu_text("40, 3000, 80000"), "40 %, 3.1 GB of 83.9 GB");
  EXPECT_EQ(gpu_text("[N/A], 3, 4"), "");
  EXPECT_TRUE(wait([&] { return child<QLabel>("top.machine")->text().contains("CPU "); }));
  EXPECT_TRUE(child<QLabel>("top.machine")->text().contains("memory "));
}

TEST_F(UiTest, WhatTakesTheKeyboardHasANameForReaders) {
  add_run("first", 0.5);
  for (const QString& page : window().page_ids()) {
    window().open_page(page);
    ASSERT_TRUE(wait_settled());
    for (QWidget* widget : window().findChildren<QWidget*>()) {
      if (!widget->isVisible() || !(widget->focusPolicy() & Qt::TabFocus) || widget->focusProxy()) continue;
      if (qobject_cast<QTabBar*>(widget) || qobject_cast<QScrollArea*>(widget) ||
          qobject_cast<QAbstractScrollArea*>(widget->parentWidget()))
        continue;
      const QAccessibleInterface* told = QAccessible::queryAccessibleInterface(widget);
      ASSERT_NE(told, nullptr);
      EXPECT_FALSE(told->text(QAccessible::Name).isEmpty())
          << page.toStdString() << ": " << widget->metaObject()->className() << " "
          << widget->objectName().toStdString();
    }
  }
}

TEST_F(UiTest, RailCollapsesInANarrowWindow) {
  auto* rail = child<Rail>("rail");
  window().resize(1300, 700);
  EXPECT_FALSE(rail->collapsed());
  window().resize(900, 700);
  for (const QString& page : window().page_ids())
    EXPECT_LE(window().page(page)->minimumSizeHint().width(), 800) << page.toStdString();
  EXPECT_TRUE(rail->collapsed());
  EXPECT_LT(rail->width(), 80);
}

TEST_F(UiTest, CommandLineIsShownAndCopied) {
  add_run("a", 0.5);
  window().open_page("runs");
  auto* text = child<QLineEdit>("strip.text");
  EXPECT_EQ(text->text(), "conclave-history list");
  QTest::mouseClick(child<QToolButton>("strip.copy"), Qt::LeftButton);
  EXPECT_EQ(QGuiApplication::clipboard()->text(), "conclave-history list");
}

TEST_F(UiTest, WithoutAHistoryItSaysWhatWouldBeHere) {
  window().open_page("runs");
  EXPECT_TRUE(wait([&] { return child<QLabel>("runs.empty")->isVisible(); }));
  EXPECT_FALSE(std::filesystem::exists(history())) << "looking makes no file";
  add_run("first", 0.5);  // and appears by itself
  EXPECT_TRUE(wait([&] { return child<QLabel>("runs.count")->text() == "1 runs"; }));
}

TEST_F(UiTest, DamagedHistoryIsSaidAndTheWindowStays) {
  write_file(history(), std::string(5000, 'x'));
  window().open_page("runs");
  EXPECT_TRUE(wait([&] { return child<QLabel>("status.message")->text().contains("history.db"); }));
  EXPECT_TRUE(wait([&] { return child<QLabel>("runs.empty")->isVisible(); }));
}

TEST_F(UiTest, ANewerHistoryIsSaidAndLeftAsItIs) {
  add_run("first", 0.5);
  SQLite::Database(history().string(), SQLite::OPEN_READWRITE).exec("PRAGMA user_version = 99");
  window().open_page("runs");
  EXPECT_TRUE(wait([&] { return child<QLabel>("status.message")->text().contains("newer"); }))
      << child<QLabel>("status.message")->text().toStdString();
  EXPECT_TRUE(wait([&] { return child<QLabel>("runs.empty")->isVisible(); }));
  for (const QString& page : window().page_ids()) window().open_page(page);  // all can still be opened
}

// Types a new name for the run that is shown.
void rename_shown(QLineEdit& name, const char* to) {
  name.setFocus();
  name.selectAll();
  QTest::keyClicks(&name, to);
  QTest::keyClick(&name, Qt::Key_Return);
}

TEST_F(UiTest, AHistoryThatCannotBeWrittenIsLookedAt) {
  const int64_t run = add_run("first", 0.5);
  std::optional<SQLite::Database> other;  // another program that writes and does not end
  other.emplace(history().string(), SQLite::OPEN_READWRITE);
  other->exec("BEGIN IMMEDIATE");
  window().open_page("runs");
  auto* table = child<QTableView>("runs.table");
  ASSERT_TRUE(wait([&] { return table->model()->rowCount() == 1; })) << "a lock keeps nobody from looking";
  auto* name = child<QLineEdit>("run.name");
  ASSERT_TRUE(wait([&] { return name->text() == "first"; }));
  rename_shown(*name, "second");
  EXPECT_TRUE(
      QTest::qWaitFor([&] { return child<QLabel>("status.message")->text().contains("locked"); }, 20000))
      << child<QLabel>("status.message")->text().toStdString();
  other.reset();
  EXPECT_EQ(Store::open(history()).show(run).name, "first") << "and nothing is half done";
}

/// Another user for a while, since root may write anywhere.
class Nobody {
 public:
  Nobody() { is_one_ = ::geteuid() != 0 || ::seteuid(65534) == 0; }
  ~Nobody() { end(); }
  Nobody(const Nobody&) = delete;
  Nobody& operator=(const Nobody&) = delete;
  explicit operator bool() const { return is_one_; }
  static void end() {
    if (::getuid() == 0) EXPECT_EQ(::seteuid(0), 0);
  }

 private:
  bool is_one_ = false;
};

TEST_F(UiTest, AReadOnlyHistoryIsSaidAndLookedAt) {
  const auto folder = dir_ / "shared";
  std::filesystem::create_directories(folder);
  add_run("first", 0.5);
  std::filesystem::copy(history(), folder / "history.db");
  ASSERT_EQ(::chmod(dir_.path().c_str(), 0777), 0);  // for the settings and the log of the session
  ASSERT_EQ(::chmod((folder / "history.db").c_str(), 0444), 0);
  ASSERT_EQ(::chmod(folder.c_str(), 0555), 0);
  {
    const Nobody nobody;
    if (!nobody) GTEST_SKIP() << "cannot become another user, and root may write anywhere";
    MainWindow looking(folder / "history.db");
    looking.open_page("runs");
    looking.show();
    auto* table = looking.findChild<QTableView*>("runs.table");
    ASSERT_TRUE(wait([&] { return table->model()->rowCount() == 1; }));
    auto* where = looking.findChild<QLabel*>("top.history");
    EXPECT_TRUE(where->text().startsWith("⚠") && where->text().endsWith(", for looking only"))
        << where->text().toStdString();
    auto* name = looking.findChild<QLineEdit*>("run.name");
    ASSERT_TRUE(wait([&] { return name->text() == "first"; }));
    rename_shown(*name, "second");
    auto* said = looking.findChild<QLabel*>("status.message");
    EXPECT_TRUE(wait([&] { return said->text().contains("can be looked at only"); }))
        << said->text().toStdString();
    for (const QString& page : looking.page_ids()) {
      looking.open_page(page);
      EXPECT_TRUE(wait([&] { return looking.current_page()->settled(); })) << page.toStdString();
    }
  }
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder), {}), 1) << "nothing was put beside it";
  EXPECT_EQ(Store::open_read_only(folder / "history.db").show(1).name, "first");
  ASSERT_EQ(::chmod(folder.c_str(), 0755), 0);
}

/// No file can grow any more: the nearest to a full disk that needs no mount.
class FullDisk {
 public:
  FullDisk() {
    before_ = ::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &limit_);
    const rlimit small{100, limit_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &small);
  }
  ~FullDisk() {
    ::setrlimit(RLIMIT_FSIZE, &limit_);
    ::signal(SIGXFSZ, before_);
  }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;

 private:
  rlimit limit_{};
  sighandler_t before_ = SIG_DFL;
};

TEST_F(UiTest, AFullDiskIsSaidAndNothingIsHalfDone) {
  const int64_t run = add_run("first", 0.5);
  window().open_page("runs");
  auto* name = child<QLineEdit>("run.name");
  auto* said = child<QLabel>("status.message");
  ASSERT_TRUE(wait([&] { return name->text() == "first"; }));
  {
    const FullDisk full;
    rename_shown(*name, "second");
    EXPECT_TRUE(wait([&] { return said->text().contains("history.db"); })) << said->text().toStdString();
    EXPECT_TRUE(said->text().contains("disk")) << said->text().toStdString();
    for (const QString& page : window().page_ids()) {
      window().open_page(page);
      EXPECT_TRUE(wait_settled()) << page.toStdString();
    }
  }
  EXPECT_EQ(Store::open(history()).show(run).name, "first");
  // There is room again: the same window goes on.
  window().open_page("runs");
  ASSERT_TRUE(wait_settled());
  rename_shown(*name, "third");
  EXPECT_TRUE(wait([&] { return Store::open(history()).show(run).name == "third"; }));
}

TEST_F(UiTest, AHistoryOnAFullDiskIsLookedAt) {
  const int64_t run = add_run("first", 0.5);
  std::optional<FullDisk> full;
  full.emplace();
  window().open_page("runs");
  auto* table = child<QTableView>("runs.table");
  EXPECT_TRUE(wait([&] { return table->model()->rowCount() == 1; }))
      << child<QLabel>("status.message")->text().toStdString();
  EXPECT_TRUE(child<QLabel>("top.history")->text().endsWith(", for looking only"));
  full.reset();
  EXPECT_TRUE(wait([&] { return !child<QLabel>("top.history")->text().contains("looking"); }));
  auto* name = child<QLineEdit>("run.name");
  ASSERT_TRUE(wait([&] { return name->text() == "first"; }));
  rename_shown(*name, "second");
  EXPECT_TRUE(wait([&] { return Store::open(history()).show(run).name == "second"; }))
      << "there is room again";
}

TEST_F(UiTest, AFlippedByteStopsNoPage) {
  add_run("first", 0.5, 5000);
  std::string bytes = read_file(history());
  for (size_t at = 4096; at < bytes.size(); at += 3001) bytes[at] = static_cast<char>(bytes[at] ^ 0x40);
  std::filesystem::remove(history().string() + "-wal");
  std::filesystem::remove(history().string() + "-shm");
  write_file(history(), bytes);
  for (const QString& page : window().page_ids()) {
    window().open_page(page);
    EXPECT_TRUE(wait_settled()) << page.toStdString();
  }
  window().open_page("home");
  EXPECT_TRUE(window().isVisible());
}

TEST_F(UiTest, ScreenshotsOfEveryPageInBothColours) {
  add_run("one", 0.8);
  const QStringList files =
      take_screenshots(window(), QString::fromStdString((dir_ / "shots").string()), window().page_ids());
  EXPECT_EQ(files.size(), 2 * static_cast<qsizetype>(window().page_ids().size()));
  const QImage light(files.front()), dark(files.back());
  EXPECT_GT(light.pixelColor(4, 4).lightness(), 200);
  EXPECT_LT(dark.pixelColor(4, 4).lightness(), 60);
  apply_theme(*qApp, Theme::light);
}

TEST(Theme, ExpertsHaveColoursOfTheirOwn) {
  for (const int experts : {8, 32}) {
    std::set<QRgb> seen;
    for (int e = 0; e < experts; ++e) seen.insert(expert_color(e, experts).rgb());
    EXPECT_EQ(seen.size(), static_cast<size_t>(experts));
  }
  EXPECT_EQ(expert_color(0).name(), "#e69f00");
}

TEST_F(UiTest, HomeShowsWhatWasRunLastAndOpensIt) {
  window();
  EXPECT_EQ(window().current_page()->id(), "home");
  const int64_t run = add_run("first", 0.5);
  auto* table = child<QTableView>("home.runs");
  ASSERT_TRUE(wait([&] { return table->model()->rowCount() == 1; }));
  EXPECT_TRUE(child<QLabel>("home.storage")->text().contains("free"));
  {
    RunWriter bad(history(), {"vqa", "train", "diverged"});
    bad.metric("loss", 1, std::nan(""));
    bad.finish("finished", 0);
  }
  EXPECT_TRUE(wait([&] { return child<QLabel>("home.attention")->text().contains("loss"); }));
  table->setFocus();
  choose_row(*table, 1);
  QTest::keyClick(table, Qt::Key_Return);
  EXPECT_EQ(window().current_page()->id(), "runs");
  EXPECT_EQ(window().current_page()->command(),
            QStringList({"conclave-history", "show", QString::number(run)}));
}

TEST_F(UiTest, HomeTellsWhatEndedWhileItWasClosed) {
  add_run("seen before", 0.5);
  auto* news = child<QLabel>("home.news");
  ASSERT_TRUE(wait([&] { return child<QTableView>("home.runs")->model()->rowCount() == 1; }));
  EXPECT_FALSE(news->isVisible()) << "there was no last time";
  window().close();
  window_.reset();
  QTest::qWait(5);  // so that these end later than the window was closed, in milliseconds
  const int64_t run = add_run("over <b>night</b>", 0.75);
  {
    RunWriter bad(history(), {"vqa", "train", "broken"});
    bad.finish("failed", 1);
  }
  QTest::qWait(5);
  ASSERT_TRUE((window(), wait([&] { return child<QLabel>("home.news")->isVisible(); })));
  news = child<QLabel>("home.news");
  EXPECT_THAT(news->text().toStdString(), ::testing::HasSubstr("2 run(s) ended since"));
  EXPECT_THAT(news->text().toStdString(), ::testing::HasSubstr("1 of them failed"));
  EXPECT_THAT(news->text().toStdString(), ::testing::HasSubstr("&lt;b&gt;night")) << "a name is no markup";
  EXPECT_FALSE(news->text().contains("seen before"));
  add_run("while it is open", 0.5);
  ASSERT_TRUE(wait([&] { return child<QTableView>("home.runs")->model()->rowCount() == 4; }));
  EXPECT_FALSE(news->text().contains("while it is open"));
  ASSERT_TRUE(wait_settled());
  keep_picture("home-news");
  news->linkActivated(QString::number(run));
  EXPECT_EQ(window().current_page()->command(),
            QStringList({"conclave-history", "show", QString::number(run)}));
}

TEST_F(UiTest, RecentRunsShowTheirCurves) {
  for (int i = 0; i < 3; ++i) add_run("run", 0.5 + 0.1 * i);
  window();
  auto* table = child<QTableView>("home.runs");
  ASSERT_TRUE(wait([&] { return table->model()->rowCount() == 3; }));
  const auto* sparks = table->findChild<SparkLines*>();
  ASSERT_NE(sparks, nullptr);
  ASSERT_TRUE(wait([&] { return sparks->kept() == 6; })) << "accuracy and loss of each";
  ASSERT_TRUE(wait_settled());
  const auto drawn = [&] {
    const QRect cell = table->visualRect(table->model()->index(1, kRunColumns));
    const QImage picture = table->viewport()->grab(cell).toImage();
    const QColor line = series_color(0);
    int pixels = 0;
    for (int y = 0; y < picture.height(); ++y)
      for (int x = 0; x < picture.width(); ++x) {
        const QColor at = picture.pixelColor(x, y);
        pixels += std::abs(at.red() - line.red()) + std::abs(at.green() - line.green()) +
                      std::abs(at.blue() - line.blue()) <
                  60;
      }
    return pixels;
  };
  EXPECT_GT(drawn(), 20);
  table->setColumnWidth(kRunColumns, 45);  // room for the number alone
  EXPECT_LT(drawn(), 5);
}

TEST_F(UiTest, EachPageHasItsHelpWithTheKeysItHas) {
  for (const QString& page : window().page_ids()) {
    window().open_page(page);
    ASSERT_TRUE(wait_settled()) << page.toStdString();
    EXPECT_GT(page_purpose(page).size(), 60) << page.toStdString();
    QTest::keyClick(&window(), Qt::Key_F1);
    auto* help = child<PageHelp>("help");
    ASSERT_TRUE(wait([&] { return help->isVisible(); }));
    const QString text = child<QTextBrowser>("help.text")->toPlainText();
    EXPECT_TRUE(text.startsWith(page_purpose(page).left(40))) << page.toStdString();
    for (const auto& [spec, action] : window().actions().entries()) {
      if (spec.key.isEmpty() || (!spec.page.isEmpty() && spec.page != page)) continue;
      EXPECT_TRUE(text.contains(spec.text)) << spec.id.toStdString();
      EXPECT_TRUE(text.contains(spec.key.toString(QKeySequence::NativeText))) << spec.id.toStdString();
    }
    EXPECT_EQ(text.contains("Pin to Compare"), page == "runs") << "keys of other pages are not listed";
    help->close();
    window().activateWindow();
    ASSERT_TRUE(QTest::qWaitForWindowActive(&window()));
  }
  QTest::keyClick(&window(), Qt::Key_F1);
  window().open_page("queue");  // it follows
  EXPECT_TRUE(child<QTextBrowser>("help.text")->toPlainText().startsWith(page_purpose("queue").left(40)));
  keep_picture("help", child<PageHelp>("help"));
  EXPECT_EQ(page_purpose("none"), "");
}

}  // namespace
}  // namespace conclave::ui
