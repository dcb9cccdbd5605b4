// Settings of the window and of the programs.
#include <gmock/gmock.h>

#include <QAbstractItemModelTester>
#include <QComboBox>
#include <QLineEdit>
#include <QTableView>

#include "framework/base/file.h"
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

}  // namespace
}  // namespace conclave::ui
