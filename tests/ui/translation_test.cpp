// Every word of the window in every language.
#include <gtest/gtest.h>

#include <QDir>
#include <QFile>
#include <QRegularExpression>
#include <QXmlStreamReader>

#include "ui/app/language.h"
#include "ui/data/format.h"
#include "ui_test.h"

namespace conclave::ui {
namespace {

QStringList places_of(const QString& text) {
  static const QRegularExpression place("%(n|\\d)");
  QStringList found;
  for (auto match = place.globalMatch(text); match.hasNext();) found << match.next().captured();
  found.sort();
  return found;
}

TEST(Translation, IsWholeAndKeepsThePlaces) {
  const QDir folder(CONCLAVE_SOURCE_DIR "/ui/translations");
  const QStringList names = folder.entryList({"*.ts"});
  ASSERT_FALSE(names.isEmpty());
  for (const QString& name : names) {
    QFile file(folder.filePath(name));
    ASSERT_TRUE(file.open(QIODevice::ReadOnly));
    QXmlStreamReader xml(&file);
    QString source;
    int messages = 0;
    while (!xml.atEnd()) {
      if (xml.readNext() != QXmlStreamReader::StartElement) continue;
      if (xml.name() == QLatin1String("source")) source = xml.readElementText();
      if (xml.name() != QLatin1String("translation")) continue;
      const QString at = name + ": " + source;
      EXPECT_FALSE(xml.attributes().hasAttribute("type")) << qPrintable(at) << ": is not finished";
      const QString text = xml.readElementText(QXmlStreamReader::IncludeChildElements).trimmed();
      EXPECT_FALSE(text.isEmpty()) << qPrintable(at);
      EXPECT_EQ(places_of(text), places_of(source)) << qPrintable(at);
      ++messages;
    }
    EXPECT_FALSE(xml.hasError()) << qPrintable(xml.errorString());
    EXPECT_GT(messages, 400);
  }
}

TEST_F(UiTest, SpeaksAnotherLanguage) {
  Translation chinese;
  EXPECT_FALSE(chinese.read("/no/such/file.ts"));
  ASSERT_TRUE(chinese.read(CONCLAVE_SOURCE_DIR "/ui/translations/conclave_zh_CN.ts"));
  QCoreApplication::installTranslator(&chinese);
  EXPECT_EQ(window().page("runs")->title(), "运行") << "classes have their names of run time";
  EXPECT_EQ(QCoreApplication::translate("conclave::ui::MainWindow", "%n run(s) running", "", 3),
            "3 个运行正在进行");
  EXPECT_EQ(status_text("failed"), "失败");
  EXPECT_EQ(duration_text(75), "1 分 15 秒");
  window().open_page("runs");
  keep_picture("chinese");
  QCoreApplication::removeTranslator(&chinese);
}

}  // namespace
}  // namespace conclave::ui
