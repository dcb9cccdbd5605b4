// Settings of the window and of the programs.
#include <gmock/gmock.h>

#include <QAbstractItemModelTester>
#include <QComboBox>
#include <QLineEdit>
#include <QPushButton>
#include <QTableView>

#include <limits>

#include "framework/base/file.h"
#include "framework/base/json.h"
#include "ui/settings/settings_page.h"
#include "ui/theme/theme.h"
#include "ui_test.h"

namespace conclave::ui {
namespace {

TEST_F(UiTest, SettingsTellWhereTheyComeFrom) {
  window();
  write_file(SettingsPage::user_file().toStdString(), "[stream.run]\nevery = 4321\n");
  window().open_page("settings");
  auto* table = child<QTableView>("settings.table")->model();
  const QAbstractItemModelTester tester(table, QAbstractItemModelTester::FailureReportingMode::Fatal);
  ASSERT_TRUE(wait_settled());
  child<QComboBox>("settings.program")->setCurrentText("conclave-stream");
  ASSERT_TRUE(wait([&] { return table->rowCount() > 100; }))
      << child<QLabel>("settings.state")->text().toStdString();
  QTest::keyClicks(child<QLineEdit>("settings.filter"), "4321");
  ASSERT_EQ(table->rowCount(), 1);
  EXPECT_EQ(table->index(0, 1).data().toString(), "every");
  EXPECT_EQ(table->index(0, 3).data().toString(), "user");
  EXPECT_THAT(table->index(0, 4).data().toString().toStdString(), ::testing::HasSubstr("line 2"));
  EXPECT_EQ(window().current_page()->command(), QStringList({"conclave-stream", "inspect", "config"}));
  keep_picture("settings");
  child<QComboBox>("settings.theme")->setCurrentIndex(2);
  EXPECT_TRUE(is_dark(QApplication::palette()));
  child<QComboBox>("settings.theme")->setCurrentIndex(1);
  EXPECT_FALSE(is_dark(QApplication::palette()));
}

TEST_F(UiTest, AlertsAreToldToACommand) {
  RunWriter run(history(), {"stream", "run"});
  run.metric("loss", 1, 0.5);
  run.flush();
  window().open_page("settings");
  ASSERT_TRUE(wait_settled());
  auto* command = child<QLineEdit>("settings.alert");
  auto* state = child<QLabel>("settings.alert-state");
  auto* test = child<QPushButton>("settings.alert-test");
  EXPECT_FALSE(test->isEnabled());
  const auto enter = [&](const QString& text) {
    command->setFocus();
    command->selectAll();
    QTest::keyClicks(command, text);
    QTest::keyClick(command, Qt::Key_Return);
  };
  enter("sh -c 'not closed");
  EXPECT_EQ(state->text(), "⚠ a quote is not closed");
  enter("no-such-program-anywhere --now");
  EXPECT_EQ(state->text(), "⚠ no-such-program-anywhere is no program on PATH");

  const auto file = dir_ / "got it";
  write_file(dir_ / "hook", "#!/bin/sh\ncat >> \"$1\"\n");
  std::filesystem::permissions(dir_ / "hook", std::filesystem::perms::owner_all);
  enter(QString("'%1' \"%2\"")
            .arg(QString::fromStdString((dir_ / "hook").string()), QString::fromStdString(file.string())));
  EXPECT_EQ(state->text(), "waits for the next alert");
  QTest::mouseClick(test, Qt::LeftButton);
  ASSERT_TRUE(wait([&] { return state->text().endsWith("ran and ended well"); }))
      << qPrintable(state->text());
  EXPECT_EQ(parse_json(read_file(file), "test")["alert"], "test");
  keep_picture("settings-alert");

  std::filesystem::remove(file);
  run.metric("loss", 2, std::numeric_limits<double>::quiet_NaN());
  run.flush();
  ASSERT_TRUE(wait([&] { return std::filesystem::exists(file) && !read_file(file).empty(); }));
  const Json alert = parse_json(read_file(file), "alert");  // one line, so one alert
  EXPECT_EQ(alert["alert"], "not finite");
  EXPECT_EQ(alert["run"], 1);
  EXPECT_EQ(alert["text"], "loss is nan at step 2");
  EXPECT_EQ(alert["history"], history().string());

  std::filesystem::remove(file);  // a layer that drops half of its tokens, while the window is open
  RoutingRow layer;
  layer.site = "layer.3";
  layer.modality = "text";
  layer.counts = layer.dropped = {4, 4};
  for (int64_t step = 0; step <= 1000; step += 250) run.routing("train", step, std::span(&layer, 1));
  run.flush();
  ASSERT_TRUE(wait([&] { return std::filesystem::exists(file) && !read_file(file).empty(); }));
  EXPECT_EQ(parse_json(read_file(file), "alert")["text"],
            "layer.3 drops more than 5 % of its tokens for 1000 steps, 50.0 % at step 1000");
  window().open_page("home");
  EXPECT_TRUE(wait([&] { return child<QLabel>("home.attention")->text().contains("layer.3 drops"); }));
  window().open_page("settings");

  enter("sh -c 'echo no mail here >&2; exit 3'");
  QTest::mouseClick(test, Qt::LeftButton);
  ASSERT_TRUE(wait([&] { return state->text().endsWith("exit code 3: no mail here"); }))
      << qPrintable(state->text());
  EXPECT_EQ(child<QLabel>("status.message")->text(),
            "⚠ The command for alerts: sh ended with exit code 3: no mail here");

  window_.reset();  // it is remembered, and works without a visit to the page
  Preferences().setValue(SettingsPage::kAlertCommand,
                         QString("sh -c 'cat >> \"%1\"'").arg(QString::fromStdString((dir_ / "b").string())));
  window().open_page("home");  // both alerts, in whatever order
  const auto told = [&](const char* alert) {
    return std::filesystem::exists(dir_ / "b") &&
           read_file(dir_ / "b").find(fmt::format(R"("alert":"{}")", alert)) != std::string::npos;
  };
  EXPECT_TRUE(wait([&] { return told("not finite") && told("dropped tokens"); }));
}

}  // namespace
}  // namespace conclave::ui
