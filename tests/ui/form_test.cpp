// Forms made from what a program says of its verbs.
#include <gmock/gmock.h>

#include <QCheckBox>
#include <QComboBox>
#include <QLabel>
#include <QLineEdit>
#include <QSignalSpy>
#include <QToolButton>

#include "framework/base/error.h"
#include "framework/base/file.h"
#include "ui/form/preset.h"
#include "ui/form/verb_form.h"
#include "ui/theme/theme.h"
#include "ui_test.h"

namespace conclave::ui {
namespace {

constexpr const char* kVerb =
    R"({"app":"stream","verb":"run","summary":"s","examples":"","options":[)"
    R"({"name":"file","type":"path","default":"","help":"h","choices":[],"required":true,"list":false,"positional":true,"group":"Options"},)"
    R"({"name":"rows","type":"integer","default":10,"help":"h","choices":[],"required":false,"list":false,"positional":false,"group":"Options","flag":"--rows","minimum":1.0,"maximum":100.0},)"
    R"({"name":"at","type":"number","default":[],"help":"h","choices":[],"required":false,"list":true,"positional":false,"group":"Options","flag":"--at"},)"
    R"({"name":"set","type":"text","default":[],"help":"h","choices":[],"required":false,"list":true,"positional":false,"group":"Options","flag":"--set"},)"
    R"({"name":"kind","type":"text","default":"a","help":"h","choices":["a","b"],"required":false,"list":false,"positional":false,"group":"Options","flag":"--kind"},)"
    R"({"name":"most-values","type":"boolean","default":true,"help":"h","choices":[],"required":false,"list":false,"positional":false,"group":"Options","flag":"--most-values"}]})";

TEST(VerbDescription, OptionsAreReadCheckedAndWritten) {
  const VerbDescription verb = parse_description(kVerb);
  EXPECT_EQ(verb.app, "stream");
  ASSERT_EQ(verb.options.size(), 6u);
  const VerbOption &rows = *verb.find("rows"), &at = *verb.find("at"), &set = *verb.find("set");
  EXPECT_EQ(option_value(rows, " 12 "), 12);
  EXPECT_TRUE(option_value(rows, "").is_null());
  for (const char* wrong : {"x", "0", "101", "1.5"})
    EXPECT_THROW(option_value(rows, wrong), UsageError) << wrong;
  EXPECT_EQ(option_value(at, "1, 2.5").dump(), "[1.0,2.5]");
  EXPECT_EQ(option_words(at, option_value(at, "1,2")), QStringList({"--at", "1.0,2.0"}));
  const Json words = option_value(set, "a=1 'b=c d'");
  EXPECT_EQ(words.dump(), R"(["a=1","b=c d"])");
  EXPECT_EQ(option_words(set, words), QStringList({"--set", "a=1", "--set", "b=c d"}));
  EXPECT_EQ(option_value(set, option_text(set, words)), words);
  EXPECT_THROW(option_value(*verb.find("kind"), "c"), UsageError);
  EXPECT_EQ(option_words(*verb.find("most-values"), false), QStringList({"--no-most-values"}));
  EXPECT_EQ(option_words(*verb.find("file"), "x y"), QStringList({"x y"}));
  for (const char* wrong : {"", "{", "[]", R"({"options":[{}]})", R"({"options":[{"name":1}]})"})
    EXPECT_THROW(parse_description(wrong), Error) << wrong;
}

class FormTest : public UiTest {
 protected:
  VerbForm& form() {
    if (!form_) {
      window();
      form_ = std::make_unique<VerbForm>("conclave-stream", "run", QStringList{"generator", "rows", "set"},
                                         QStringList{"json"});
      form_->resize(320, 600);
      form_->show();
      QSignalSpy ready(form_.get(), &VerbForm::became_ready);
      form_->prepare();
      EXPECT_TRUE(wait([&] { return ready.count() == 1; }));
      EXPECT_TRUE(wait([&] { return form_->findChild<QComboBox*>("form.generator")->isVisible(); }));
    }
    return *form_;
  }
  template <class T>
  T* field(const char* name) {
    T* found = form().findChild<T*>(QString("form.") + name);
    EXPECT_NE(found, nullptr) << name;
    return found;
  }
  std::unique_ptr<VerbForm> form_;
};

TEST_F(FormTest, TheRealProgramsFormMakesItsCommandLine) {
  EXPECT_EQ(form().command(), QStringList({"conclave-stream", "run"})) << "defaults need no words";
  field<QComboBox>("generator")->setFocus();
  QTest::keyClicks(field<QComboBox>("generator"), "sea");
  QTest::keyClicks(field<QLineEdit>("rows"), "5000");
  QTest::keyClicks(field<QLineEdit>("set"), "'quick=true' a=b");
  EXPECT_EQ(form().command(), QStringList({"conclave-stream", "run", "--generator", "sea", "--rows", "5000",
                                           "--set", "quick=true", "--set", "a=b"}));
  EXPECT_EQ(form().problem(), "");
  EXPECT_FALSE(field<QCheckBox>("strict")->isVisible()) << "not among the first";
  QTest::mouseClick(field<QToolButton>("more"), Qt::LeftButton);
  EXPECT_TRUE(field<QCheckBox>("strict")->isVisible());
  QTest::keyClick(field<QCheckBox>("strict"), Qt::Key_Space);
  EXPECT_TRUE(form().command().contains("--strict"));
  QTest::keyClicks(field<QLineEdit>("rows"), "x");
  EXPECT_THAT(form().problem().toStdString(), ::testing::HasSubstr("rows"));
  QTest::keyClicks(field<QLineEdit>("filter"), "noise");
  EXPECT_TRUE(field<QLineEdit>("noise")->isVisible());
  EXPECT_FALSE(field<QComboBox>("generator")->isVisible());
  form().clear();
  EXPECT_EQ(form().values(), Json::object());
}

TEST_F(FormTest, WhatDiffersStaysBoldInOtherColours) {
  VerbForm form("conclave-stream", "run", {"rows"}, {});
  form.prepare();
  ASSERT_TRUE(wait([&] { return form.ready(); }));
  form.set_value("rows", 77);
  form.show();
  const auto* editor = form.findChild<QLineEdit*>("form.rows");
  const auto bold = [&] {
    for (const QLabel* label : form.findChildren<QLabel*>())
      if (label->buddy() == editor) return label->font().bold();
    return false;
  };
  EXPECT_TRUE(bold());
  apply_theme(*qApp, Theme::dark);
  EXPECT_TRUE(wait(bold));
  apply_theme(*qApp, Theme::light);
  EXPECT_TRUE(wait(bold));
}

TEST_F(FormTest, WhatWasSetIsThereAgain) {
  Preferences preferences;
  const auto make = [&] {
    auto form = std::make_unique<VerbForm>("conclave-stream", "run", QStringList{"rows"}, QStringList{});
    form->keep_draft(preferences);
    form->prepare();
    EXPECT_TRUE(wait([&] { return form->ready(); }));
    return form;
  };
  auto form = make();
  form->set_value("rows", 77);
  EXPECT_TRUE(wait([&] { return preferences.contains("draft/conclave-stream/run"); }));
  form = make();
  EXPECT_EQ(form->value("rows"), 77);
  form->clear();
  EXPECT_TRUE(wait([&] { return !preferences.contains("draft/conclave-stream/run"); }));
  preferences.setValue("draft/conclave-stream/run", R"({"rows":5,"gone":1})");
  form = make();
  EXPECT_EQ(form->value("rows"), 5) << "what the program does not know is left out";
}

TEST_F(FormTest, PresetsAreTheFilesThatConfigTakes) {
  form().set_value("generator", "sea");
  form().set_value("rows", 1234);
  form().set_value("positions", Json::array({10, 20}));
  form().set_value("set", Json::array({"a=\"b\""}));
  form().set_value("strict", true);
  const QString file = QString::fromStdString((dir_ / "preset.toml").string());
  EXPECT_EQ(form().save_preset(file), "");
  const Json saved = form().values();
  form().clear();
  EXPECT_EQ(form().load_preset(file), "");
  EXPECT_EQ(form().values(), saved);
  QProcess program;
  program.start(CONCLAVE_BINARY_DIR "/bin/conclave-stream",
                {"inspect", "config", "run", "--config", file, "--json"});
  ASSERT_TRUE(program.waitForFinished());
  EXPECT_THAT(program.readAllStandardOutput().toStdString(), ::testing::HasSubstr("1234"))
      << "the program's own";
  write_file(dir_ / "preset.toml", "[stream.run]\nrows = \"many\"\n");
  EXPECT_THAT(form().load_preset(file).toStdString(), ::testing::HasSubstr("many"));
  write_file(dir_ / "preset.toml", "= ?");
  EXPECT_THAT(form().load_preset(file).toStdString(), ::testing::HasSubstr("preset.toml"));
  EXPECT_NE(form().load_preset(file + "x"), "");
}

}  // namespace
}  // namespace conclave::ui
