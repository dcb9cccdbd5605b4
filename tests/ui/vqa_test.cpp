// Questions about pictures with the real conclave-vqa, and with programs that misbehave.
#include <gmock/gmock.h>

#include <QAbstractItemModelTester>
#include <QCheckBox>
#include <QComboBox>
#include <QLineEdit>
#include <QListView>
#include <QPainter>
#include <QSignalSpy>
#include <QSlider>
#include <QTabWidget>
#include <QTableView>
#include <QWheelEvent>

#include "framework/base/error.h"
#include "framework/base/file.h"
#include "ui/data/table_view.h"
#include "ui/vqa/batch_input.h"
#include "ui/vqa/token_strip.h"
#include "ui/vqa/vqa_page.h"
#include "ui_test.h"

namespace conclave::ui {
namespace {

using ::testing::HasSubstr;

constexpr const char* kRecord =
    R"({"question_id":"0","image":"a.png","prompt":"is it red","text":"yes","metadata":{"confidence":0.75,)"
    R"("topk":[["yes",0.75],["no",0.25]],"see_ms":2,"read_ms":3,"resize":[{"tiles":[[0,0,100,100],[150,0,100,100]]}]}})";

std::string routing_line(int site, int token, int expert) {
  return fmt::format(
             R"({{"question_id":"0","part":"pictures","site":{},"token":{},"modality":"vision","experts":[{},9],"weights":[0.6,0.4]}})",
             site, token, expert) +
         "\n";
}

TEST(VqaAnswer, RecordsAreRead) {
  const VqaAnswer answer = parse_answer(kRecord);
  EXPECT_EQ(answer.text, "yes");
  EXPECT_DOUBLE_EQ(answer.confidence, 0.75);
  ASSERT_EQ(answer.top.size(), 2u);
  EXPECT_EQ(answer.top[1].first, "no");
  ASSERT_EQ(answer.tiles.size(), 1u);
  EXPECT_EQ(answer.tiles[0][1], QRect(150, 0, 100, 100));
  EXPECT_EQ(answer.warning, "");
  EXPECT_EQ(
      parse_answer(QByteArray(kRecord).replace("\"text\"", "\"warning\":\"not learnt: zebra\",\"text\""))
          .warning,
      "not learnt: zebra");
  const VqaAnswer failed =
      parse_answer(R"({"question_id":"0","prompt":"x","error":{"kind":"data","message":"no such file"}})");
  EXPECT_EQ(failed.error, "no such file");
  for (const char* wrong :
       {"", "{", "[]", "{}", "null", R"({"question_id":"0","prompt":"x","text":"y"})",
        R"({"question_id":"0","prompt":"x","text":"y","metadata":{"confidence":"high","topk":[]}})"})
    EXPECT_THROW(parse_answer(wrong), Error) << wrong;
}

TEST(VqaAnswer, PatchesLieInTheirTiles) {
  // Two tiles of 2 x 2 patches and a register each.
  std::string lines;
  for (int token = 0; token < 10; ++token) lines += routing_line(0, token, token % 5 == 4 ? 7 : token / 5);
  VqaAnswer answer = parse_answer(kRecord);
  const auto tokens = parse_routing(QByteArray::fromStdString(lines), "0");
  ASSERT_EQ(tokens.size(), 10u);
  EXPECT_EQ(tokens[9].choices, (std::vector<ExpertChoice>{{7, 0.6}, {9, 0.4}}));
  EXPECT_EQ(choices_text(tokens[0].choices), "expert 0 with 0.6, expert 9 with 0.4");
  const auto all = patches_of(tokens, answer);
  ASSERT_EQ(all.size(), 1u);
  ASSERT_EQ(all[0].patches.size(), 8u);
  EXPECT_EQ(all[0].patches[3].place, QRectF(50, 50, 50, 50));
  EXPECT_EQ(all[0].patches[4].place, QRectF(150, 0, 50, 50));
  EXPECT_EQ(all[0].patches[4].expert, 1);
  EXPECT_EQ(all[0].experts, 2) << "registers are no patches";
  EXPECT_THAT(all[0].shares(), ::testing::ElementsAre(0.5, 0.5));
  EXPECT_TRUE(parse_routing(QByteArray::fromStdString(lines), "other").empty());
  answer.tiles = {{QRect(0, 0, 1, 1), {}, {}}};
  EXPECT_THROW(patches_of(tokens, answer), Error);
  EXPECT_THROW(parse_routing("{\"question_id\":\"0\"}", "0"), Error);
}

TEST(VqaAnswer, PatchesLieInTheGridsOfPublishedModels) {
  const std::string record =
      R"({"question_id":"0","prompt":"x","text":"y","metadata":{"confidence":1,"patches":[)"
      R"({"picture":0,"area":[0,0,30,20],"rows":2,"columns":3},{"picture":1,"area":[-5,2.5,20,10],"rows":1,"columns":2}]}})";
  const VqaAnswer answer = parse_answer(QByteArray::fromStdString(record));
  std::string lines;
  for (int token = 0; token < 8; ++token) lines += routing_line(3, token, token);
  auto tokens = parse_routing(QByteArray::fromStdString(lines), "0");
  const auto all = patches_of(tokens, answer);
  ASSERT_EQ(all.size(), 1u);
  ASSERT_EQ(all[0].patches.size(), 8u);
  EXPECT_EQ(all[0].patches[4].place, QRectF(10, 10, 10, 10));
  EXPECT_EQ(all[0].patches[4].expert, 4);
  EXPECT_EQ(all[0].patches[7].place, QRectF(5, 2.5, 10, 10));
  EXPECT_EQ(all[0].patches[7].picture, 1);
  tokens.pop_back();
  EXPECT_THROW(patches_of(tokens, answer), Error);
  for (int i = 0; i < 2; ++i) tokens.push_back(tokens.back());
  EXPECT_THROW(patches_of(tokens, answer), Error);
  for (const char* wrong : {R"("rows":0)", R"("rows":99999)", R"("rows":"2")"})
    EXPECT_THROW(parse_answer(QByteArray::fromStdString(record).replace("\"rows\":2", wrong)), Error)
        << wrong;
}

class VqaTest : public UiTest {
 protected:
  VqaPage& page() { return *static_cast<VqaPage*>(window().page("vqa")); }
  QString sample(const char* name) { return QString(CONCLAVE_SOURCE_DIR "/assets/samples/") + name; }
  // In place of conclave-vqa.
  void use_script(const std::string& text) {
    write_file(dir_ / "script", "#!/bin/sh\n" + text + "\n");
    std::filesystem::permissions(dir_ / "script", std::filesystem::perms::owner_all);
    window().open_page("vqa");
    page().set_program(QString::fromStdString((dir_ / "script").string()));
  }
  const Exchange& last() { return page().answers().at(page().answers().rowCount() - 1); }
  std::string error_of(const char* question) {
    page().ask(question);
    EXPECT_TRUE(wait([&] { return page().settled(); }));
    EXPECT_FALSE(last().waiting);
    return last().answer.error.toStdString();
  }
};

TEST_F(VqaTest, AsksAboutAPictureAndPaintsItsPatches) {
  window().open_page("vqa");
  page().set_pictures({sample("nlvr-dev-3125-1-0.png")});
  ASSERT_TRUE(wait_settled());
  auto* question = child<QLineEdit>("vqa.question");
  QTest::keyClicks(question, "There is a tower with four blocks.");
  QTest::keyClick(question, Qt::Key_Return);
  ASSERT_TRUE(QTest::qWaitFor([&] { return page().settled(); }, 60000));
  EXPECT_EQ(last().answer.error, "");
  EXPECT_EQ(last().answer.text, "true");
  EXPECT_GT(last().answer.confidence, 0.5);
  ASSERT_EQ(last().patches.size(), 3u) << "a layer each";
  EXPECT_EQ(page().canvas().patches().patches.size(), 75u) << "three tiles of 5 x 5";
  EXPECT_EQ(page().command(), QStringList({"conclave-vqa", "run", "--image", sample("nlvr-dev-3125-1-0.png"),
                                           "--question", "There is a tower with four blocks."}));
  EXPECT_TRUE(wait([&] { return Store::open_read_only(history()).count() == 1; })) << "it is in the history";
  keep_picture("vqa");
  // A word of the question: the patches that went to one of its experts.
  TokenStrip& words = page().words();
  EXPECT_TRUE(words.isVisible());
  ASSERT_GT(words.tokens().size(), 7u) << "seven words, a full stop, the answer";
  EXPECT_EQ(words.tokens().back().part, "answer");
  for (size_t i = 0; i < words.tokens().size(); ++i) {
    QTest::mouseClick(&words, Qt::LeftButton, {}, words.area_of(static_cast<int>(i), words.width()).center());
    EXPECT_EQ(words.chosen(), static_cast<int>(i));
    ASSERT_EQ(page().canvas().shown_experts().size(), 1u);
    EXPECT_TRUE(choice_among(words.tokens()[i].choices, page().canvas().shown_experts()));
  }
  keep_picture("vqa-word");
  page().set_pictures({sample("easy-vqa-test-3.png")});
  ASSERT_TRUE(wait_settled());
  EXPECT_TRUE(page().canvas().patches().patches.empty()) << "of another picture";
}

TEST_F(VqaTest, AWordAPatchAndAnExpertShowWhatWentToTheSame) {
  // Four patches of a picture: of layer 0 the first goes to experts 0 and 3, the second to 1 and 0, ...
  std::string lines;
  const auto add = [&](const char* part, int site, int token, const char* choices, const char* word = "") {
    lines += fmt::format(
        R"({{"question_id":"0","part":"{}","site":{},"token":{},"modality":"vision",{},"word":"{}"}})", part,
        site, token, choices, word);
    lines += "\n";
  };
  const char* two[] = {R"("experts":[0,3],"weights":[0.75,0.25])", R"("experts":[1,0],"weights":[0.5,0.5])",
                       R"("experts":[2,1],"weights":[0.9,0.1])", R"("experts":[2,3],"weights":[0.9,0.1])"};
  for (int token = 0; token < 4; ++token) add("pictures", 0, token, two[token]);
  for (int token = 0; token < 4; ++token) add("pictures", 4, token, two[3 - token]);
  for (const int site : {0, 4}) {
    add("question", site, 0, R"("experts":[5,1],"weights":[0.6,0.4])", "is");
    add("question", site, 1, R"("experts":[6,-1],"weights":[1,0])", " red");
    add("answer", site, 0, site == 0 ? two[2] : two[0], " yes");
  }
  write_file(dir_ / "lines", lines);
  const std::string record =
      std::string(kRecord).replace(std::string(kRecord).find("[[0,0"),
                                   std::string("[[0,0,100,100],[150,0,100,100]]").size(), "[[0,0,64,64]]");
  use_script("while [ $# -gt 0 ]; do [ \"$1\" = --routing-out ] && cp " + (dir_ / "lines").string() +
             " \"$2\"; shift; done; echo '" + record + "'");
  EXPECT_FALSE(page().words().isVisible()) << "nothing was asked yet";
  page().set_pictures({sample("easy-vqa-test-3.png")});
  ASSERT_TRUE(wait_settled());
  EXPECT_EQ(error_of("is it red"), "");
  TokenStrip& words = page().words();
  auto& canvas = const_cast<PictureCanvas&>(page().canvas());
  auto* said = child<QLabel>("vqa.token");
  ASSERT_EQ(words.tokens().size(), 3u);
  EXPECT_EQ(canvas.patches().site, 4) << "the last layer";
  EXPECT_EQ(canvas.patches().experts, 7) << "one colour for an expert, whoever chose it";
  EXPECT_TRUE(canvas.shown_experts().empty());
  const auto colour_at = [&](int patch) {
    return canvas.grab().toImage().pixelColor(canvas.area_of(patch).center().toPoint());
  };
  const QColor all[] = {colour_at(0), colour_at(1), colour_at(2), colour_at(3)};
  // By keys: a word, the answer.
  words.setFocus();
  QTest::keyClick(&words, Qt::Key_Home);
  EXPECT_EQ(canvas.shown_experts(), std::set<int>{1}) << "no patch went to 5";
  EXPECT_EQ(said->text(), "is: expert 5 with 0.6, expert 1 with 0.4 · 2 of 4 patches went to expert 1");
  EXPECT_EQ(colour_at(2), all[2]) << "goes to expert 1 in the first place";
  EXPECT_NE(colour_at(0), all[0]) << "dimmed";
  EXPECT_NE(colour_at(1), all[1]) << "by its second choice";
  QTest::keyClick(&words, Qt::Key_Right);
  EXPECT_EQ(said->text(), "red: expert 6 with 1 · no patch went to its experts");
  QTest::keyClick(&words, Qt::Key_End);
  EXPECT_EQ(said->text(), "yes: expert 0 with 0.75, expert 3 with 0.25 · 2 of 4 patches went to expert 0");
  keep_picture("vqa-words");
  // The same word in another layer.
  QTest::keyClick(child<QSlider>("vqa.layer"), Qt::Key_Left);
  EXPECT_EQ(canvas.patches().site, 0);
  EXPECT_EQ(words.chosen(), 2);
  EXPECT_EQ(said->text(), "yes: expert 2 with 0.9, expert 1 with 0.1 · 2 of 4 patches went to expert 2");
  // A patch: its expert. The same once more: all again.
  for (const auto& shown : {std::set<int>{2}, std::set<int>()}) {
    QTest::mouseClick(&canvas, Qt::LeftButton, {}, canvas.area_of(3).center().toPoint());
    EXPECT_EQ(canvas.shown_experts(), shown);
    EXPECT_EQ(words.chosen(), -1);
  }
  // An expert below the picture.
  for (const auto& shown : {std::set<int>{1}, std::set<int>()}) {
    QTest::mouseClick(&canvas, Qt::LeftButton, {}, canvas.legend_of(1).center());
    EXPECT_EQ(canvas.shown_experts(), shown);
  }
  EXPECT_THAT(said->text().toStdString(), HasSubstr("Choose a word, a patch or an expert"));
  EXPECT_TRUE(canvas.legend_of(6).isNull()) << "no patch goes there first";
  canvas.setFocus();
  for (const auto& shown : {std::set<int>{0}, {1}, {2}, std::set<int>(), {0}}) {
    QTest::keyClick(&canvas, Qt::Key_E);
    EXPECT_EQ(canvas.shown_experts(), shown);
  }
  EXPECT_EQ(said->text(), "Expert 0: 0 of 3 words · 2 of 4 patches went to expert 0");
  // Unpainted, and of other pictures.
  child<QCheckBox>("vqa.paint")->click();
  EXPECT_TRUE(canvas.patches().patches.empty());
  QTest::keyClick(&words, Qt::Key_Home);
  EXPECT_EQ(said->text(), "is: expert 5 with 0.6, expert 1 with 0.4");
  child<QCheckBox>("vqa.paint")->click();
  EXPECT_EQ(canvas.shown_experts(), std::set<int>{1}) << "chosen again now that there are patches";
  page().set_pictures({});
  ASSERT_TRUE(wait_settled());
  EXPECT_FALSE(words.isVisible());
}

TEST_F(VqaTest, HomeTriesASample) {
  QTest::mouseClick(child<QPushButton>("home.picture"), Qt::LeftButton);
  EXPECT_EQ(window().current_page()->id(), "vqa");
  ASSERT_TRUE(QTest::qWaitFor([&] { return page().settled(); }, 60000));
  EXPECT_EQ(last().answer.error, "");
  EXPECT_EQ(last().answer.text, "true");
}

TEST_F(VqaTest, ErrorsStandWhereTheAnswerWouldBe) {
  use_script("echo 'no model here' >&2; exit 1");
  const QAbstractItemModelTester tester(const_cast<AnswerModel*>(&page().answers()),
                                        QAbstractItemModelTester::FailureReportingMode::Fatal);
  EXPECT_THAT(error_of("a"), HasSubstr("no model here"));
  use_script("kill -SEGV $$");
  EXPECT_THAT(error_of("b"), HasSubstr("crashed"));
  use_script("exit 0");
  EXPECT_THAT(error_of("c"), HasSubstr("without an answer"));
  use_script("echo '{\"garbage'; head -c 1000 /dev/urandom");
  EXPECT_THAT(error_of("d"), HasSubstr("no answer"));
  use_script("head -c 100000000 /dev/zero");  // a line of 100 MB
  EXPECT_THAT(error_of("e"), HasSubstr("a line without an end"));
  page().set_program("/no/such/program");
  EXPECT_THAT(error_of("f"), HasSubstr("cannot be started"));
  use_script(std::string("echo '") + kRecord + "'");
  EXPECT_EQ(error_of("g"), "") << "and it goes on";
  EXPECT_EQ(page().answers().rowCount(), 7);
}

TEST_F(VqaTest, AHangingProgramIsCancelled) {
  use_script("trap '' INT; while :; do sleep 0.05; done");
  page().ask("a");
  ASSERT_TRUE(wait([&] { return !page().settled(); }));
  QTest::qWait(200);
  trigger("vqa.cancel");
  EXPECT_EQ(child<QLabel>("vqa.state") != nullptr, true);
  EXPECT_TRUE(wait([&] { return page().settled(); })) << "SIGTERM after SIGINT";
  EXPECT_THAT(last().answer.error.toStdString(), HasSubstr("cancelled"));
}

TEST_F(VqaTest, WhatIsNoPictureIsSaid) {
  write_file(dir_ / "a.png", "no picture");
  window().open_page("vqa");
  page().set_pictures({QString::fromStdString((dir_ / "a.png").string()), sample("easy-vqa-test-3.png")});
  ASSERT_TRUE(wait_settled());
  EXPECT_THAT(child<QLabel>("status.message")->text().toStdString(), HasSubstr("a.png cannot be shown"));
}

TEST_F(VqaTest, AGigabyteIsRefusedAndTheWindowGoesOn) {
  const auto big = dir_ / "big.bmp";  // 32768 x 32768 of 8 bits, all that a camera of that size would give
  std::string header("BM\0\0\0\x40\0\0\0\0\x36\x04\0\0\x28\0\0\0\0\x80\0\0\0\x80\0\0\x01\0\x08\0", 30);
  header.resize(54 + 1024);
  write_file(big, header);
  std::filesystem::resize_file(big, (std::uintmax_t{1} << 30) + header.size());  // takes no room
  window().open_page("vqa");
  page().set_pictures({QString::fromStdString(big.string())});
  EXPECT_TRUE(child<QLineEdit>("vqa.question")->isEnabled());
  ASSERT_TRUE(wait_settled());
  EXPECT_THAT(child<QLabel>("status.message")->text().toStdString(), HasSubstr("big.bmp cannot be shown"));
  page().set_pictures({sample("easy-vqa-test-3.png")});
  ASSERT_TRUE(wait_settled());
  EXPECT_EQ(page().canvas().pictures().size(), 1u);
}

TEST_F(VqaTest, TheCameraGivesAPicture) {
  window().open_page("vqa");
  page().camera().set_device("");
  trigger("vqa.camera");
  EXPECT_THAT(child<QLabel>("status.message")->text().toStdString(), HasSubstr("no camera"));
  page().camera().set_device("/dev/video9");
  page().camera().set_command({"/bin/sh", "-c", "echo \"$1 is busy\" >&2; exit 1", "sh", "%DEVICE"});
  trigger("vqa.camera");
  EXPECT_TRUE(wait([&] { return child<QLabel>("status.message")->text().contains("video9 is busy"); }));
  page().camera().set_command({"cp", sample("easy-vqa-test-3.png"), "%FILE"});
  trigger("vqa.camera");
  EXPECT_TRUE(wait([&] { return page().canvas().pictures().size() == 1; }));
}

TEST_F(VqaTest, WhatWasWrittenIsThereAfterACrash) {
  window().open_page("vqa");
  QTest::keyClicks(child<QLineEdit>("vqa.question"), "How many");
  QTest::keyClick(child<QLineEdit>("vqa.question"), Qt::Key_Z, Qt::ControlModifier);
  EXPECT_EQ(child<QLineEdit>("vqa.question")->text(), "") << "text can be undone";
  QTest::keyClicks(child<QLineEdit>("vqa.question"), "How many");
  const QString file = Preferences().fileName();  // as another process reads it
  EXPECT_TRUE(
      wait([&] { return QSettings(file, QSettings::IniFormat).value("draft/vqa/question") == "How many"; }));
  window_.reset();
  window().open_page("vqa");
  EXPECT_EQ(child<QLineEdit>("vqa.question")->text(), "How many");
}

TEST_F(VqaTest, ThePictureIsEnlargedAndThePatchesStayOnIt) {
  window().open_page("vqa");
  auto& canvas = const_cast<PictureCanvas&>(page().canvas());
  page().set_pictures({sample("easy-vqa-test-3.png")});
  ASSERT_TRUE(wait_settled());
  PatchRouting routing;
  routing.experts = 4;
  for (int i = 0; i < 4; ++i)
    routing.patches.push_back({0, QRectF(16 * i, 16 * i, 16, 16), i, 0.75, {{i, 0.75}, {3 - i, 0.25}}});
  canvas.set_patches(routing);
  const QRectF before = canvas.area_of(1);
  ASSERT_FALSE(before.isEmpty());
  // Under the pointer nothing moves, and every patch grows alike.
  const QPointF held = before.center();
  canvas.zoom_at(held, 2);
  EXPECT_DOUBLE_EQ(canvas.zoom(), 2);
  EXPECT_EQ(canvas.patch_at(held), 1);
  const QRectF after = canvas.area_of(1);
  EXPECT_NEAR(after.center().x(), held.x(), 1e-6);
  EXPECT_NEAR(after.width(), 2 * before.width(), 1e-6);
  EXPECT_NEAR(canvas.area_of(2).left(), after.right(), 1e-6) << "patches still touch";
  // Keys: smaller, all, larger; the arrows move what is seen.
  canvas.setFocus();
  QTest::keyClick(&canvas, Qt::Key_0);
  EXPECT_EQ(canvas.area_of(1), before);
  QTest::keyClick(&canvas, Qt::Key_Right);
  EXPECT_EQ(canvas.area_of(1), before) << "all is seen already";
  for (int i = 0; i < 3; ++i) QTest::keyClick(&canvas, Qt::Key_Plus);
  const double left = canvas.area_of(1).left();
  QTest::keyClick(&canvas, Qt::Key_Right);
  EXPECT_LT(canvas.area_of(1).left(), left);
  for (int i = 0; i < 50; ++i) QTest::keyClick(&canvas, Qt::Key_Right);
  const double edge = canvas.area_of(1).left();
  QTest::keyClick(&canvas, Qt::Key_Right);
  EXPECT_EQ(canvas.area_of(1).left(), edge) << "not beyond the edge";
  for (int i = 0; i < 60; ++i) QTest::keyClick(&canvas, Qt::Key_Plus);
  EXPECT_DOUBLE_EQ(canvas.zoom(), PictureCanvas::kMostZoom);
  QImage drawn(canvas.size(), QImage::Format_RGB32);
  QPainter painter(&drawn);
  canvas.draw(painter, canvas.size());  // however large
  painter.end();
  for (int i = 0; i < 60; ++i) QTest::keyClick(&canvas, Qt::Key_Minus);
  EXPECT_EQ(canvas.area_of(1), before);
  // The mouse: the wheel, dragging, a click on a patch, a double click.
  QWheelEvent wheel(held, canvas.mapToGlobal(held), {}, {0, 240}, Qt::NoButton, Qt::NoModifier,
                    Qt::NoScrollPhase, false);
  QCoreApplication::sendEvent(&canvas, &wheel);
  EXPECT_NEAR(canvas.zoom(), 1.25 * 1.25, 1e-9);
  EXPECT_NEAR(canvas.area_of(1).center().x(), held.x(), 1e-6);
  QSignalSpy chosen(&canvas, &PictureCanvas::patch_chosen);
  QTest::mouseClick(&canvas, Qt::LeftButton, {}, canvas.area_of(2).center().toPoint());
  ASSERT_EQ(chosen.size(), 1);
  EXPECT_EQ(chosen[0][0], 2);
  const QPoint middle = canvas.rect().center();
  const QPointF corner = canvas.area_of(0).topLeft();
  QTest::mousePress(&canvas, Qt::LeftButton, {}, middle);
  QTest::mouseMove(&canvas, middle + QPoint(0, 40));
  QMouseEvent move(QEvent::MouseMove, middle + QPointF(20, 40), canvas.mapToGlobal(middle + QPointF(20, 40)),
                   Qt::NoButton, Qt::LeftButton, Qt::NoModifier);
  QCoreApplication::sendEvent(&canvas, &move);
  EXPECT_NE(canvas.area_of(0).topLeft(), corner);
  QTest::mouseRelease(&canvas, Qt::LeftButton, {}, middle + QPoint(20, 40));
  EXPECT_EQ(chosen.size(), 1) << "a drag is no click";
  keep_picture("vqa-zoom");
  QTest::mouseDClick(&canvas, Qt::LeftButton, {}, middle);
  EXPECT_EQ(canvas.zoom(), 1);
  trigger("vqa.zoom-in");
  EXPECT_GT(canvas.zoom(), 1);
  page().set_pictures({sample("easy-vqa-test-17.png")});
  ASSERT_TRUE(wait_settled());
  EXPECT_EQ(canvas.zoom(), 1) << "another picture is seen whole";
  page().set_pictures({});
  ASSERT_TRUE(wait_settled());
  QTest::keyClick(&canvas, Qt::Key_Plus);
  EXPECT_EQ(canvas.zoom(), 1);
}

TEST_F(VqaTest, AnotherModelIsAsked) {
  std::filesystem::create_directories(dir_ / "made");
  write_file(dir_ / "made" / "config.json", "{}");
  {
    RunWriter run(history(), {"vqa", "train", "mine"});
    run.output(dir_ / "made" / "config.json", "model");
    run.finish("finished", 0);
  }
  {
    RunWriter run(history(), {"vqa", "train", "gone"});
    std::filesystem::create_directories(dir_ / "gone");
    write_file(dir_ / "gone" / "config.json", "{}");
    run.output(dir_ / "gone" / "config.json", "model");
    run.finish("finished", 0);
    std::filesystem::remove_all(dir_ / "gone");
  }
  use_script("echo \"$@\" > " + (dir_ / "asked").string() + "; echo '" + kRecord + "'");
  auto& models = page().models();
  ASSERT_TRUE(wait([&] { return models.count() == 3; })) << "shipped, the run's, a folder";
  EXPECT_THAT(models.itemText(1).toStdString(), HasSubstr("mine"));
  EXPECT_EQ(models.folder(), "");
  models.setFocus();
  QTest::keyClick(&models, Qt::Key_Down);
  EXPECT_EQ(models.folder().toStdString(), (dir_ / "made").string());
  EXPECT_EQ(error_of("is it red"), "");
  EXPECT_THAT(read_file(dir_ / "asked"), HasSubstr("--model " + (dir_ / "made").string()));
  EXPECT_THAT(read_file(dir_ / "asked"), HasSubstr("--routing-out"));
  EXPECT_TRUE(page().command().contains("--model"));
  // As others publish theirs: such a model tells nothing of its experts.
  write_file(dir_ / "made" / "config.json", R"({"architectures": ["Qwen2VL"]})");
  EXPECT_EQ(error_of("is it red"), "");
  EXPECT_EQ(read_file(dir_ / "asked").find("--routing-out"), std::string::npos);
  models.choose(QString::fromStdString((dir_ / "elsewhere").string()));
  EXPECT_EQ(models.currentText(), "elsewhere");
  models.choose(CONCLAVE_SOURCE_DIR "/assets/vqa-small");
  EXPECT_EQ(models.folder(), "") << "that is the shipped one";
  EXPECT_EQ(models.currentIndex(), 0);
  EXPECT_EQ(ModelChooser::name_of_run(7, "", "/models/base"), "run 7: base");
  EXPECT_EQ(error_of("is it red"), "");
  EXPECT_EQ(read_file(dir_ / "asked").find("--model"), std::string::npos);
}

TEST(VqaBatch, InputsAreCountedAndAnswersRead) {
  const testing::TempDir dir;
  const auto path = [&](const char* name) { return QString::fromStdString((dir / name).string()); };
  write_file(dir / "a.jsonl", "{}\n\n  \r\n{}\n{}");
  EXPECT_EQ(count_questions(path("a.jsonl")), 3);
  write_file(dir / "a.csv", "question_id,text\n1,\"two\nlines\"\n2,b\n");
  EXPECT_EQ(count_questions(path("a.csv")), 2);
  write_file(dir / "open.csv", "question_id,text\n1,\"two");
  EXPECT_EQ(count_questions(path("open.csv")), std::nullopt);
  write_file(dir / "b.PNG", "");
  EXPECT_EQ(count_questions(path("")), 1);
  EXPECT_EQ(count_questions(path("none")), std::nullopt);
  EXPECT_EQ(picture_files(path("a.jsonl"), {"x.png"}), QStringList(path("x.png")));
  std::filesystem::create_directories(dir / "images");
  EXPECT_EQ(picture_files(path("a.jsonl"), {"x.png"}), QStringList(path("images/x.png")));
  write_file(dir / "answers.jsonl",
             std::string(kRecord) + "\n\ngarbage\n" + std::string(9 << 20, 'x') + "\n");
  const auto rows = read_answers(path("answers.jsonl"), 3);
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0].text, "yes");
  EXPECT_THAT(rows[1].error.toStdString(), HasSubstr("no answer"));
  VqaAnswer answer;
  answer.text = " Yes";
  EXPECT_FALSE(is_right(answer)) << "nothing is expected";
  answer.expected = QStringList{"no", "yes "};
  EXPECT_TRUE(is_right(answer));
  answer.error = "x";
  EXPECT_FALSE(is_right(answer));
}

TEST(VqaBatch, RowsAreFilteredSortedAndTakenAlong) {
  BatchModel model;
  const QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::Fatal);
  BatchFilter filter;
  filter.setSourceModel(&model);
  filter.setSortRole(BatchModel::kSortRole);
  VqaAnswer a, b, c;
  a.id = "10";
  a.question = "is it red";
  a.text = "yes, \"red\"";
  a.confidence = 0.9;
  a.expected = QStringList{"no"};
  b.id = "9";
  b.question = "is it blue";
  b.text = "no";
  b.confidence = 0.5;
  b.images = QStringList{"/p/cat.png"};
  b.expected = QStringList{"No"};
  c.id = "x";
  c.error = "no such file";
  model.add({a, b, c});
  EXPECT_EQ(model.errors(), 1);
  EXPECT_EQ(model.right(), std::pair(1, 2));
  filter.set_kind(BatchFilter::wrong);
  ASSERT_EQ(filter.rowCount(), 1);
  EXPECT_EQ(filter.index(0, BatchModel::id).data(), "10");
  filter.set_kind(BatchFilter::failed);
  EXPECT_EQ(filter.index(0, BatchModel::note).data(), "⚠ no such file");
  filter.set_kind(BatchFilter::unsure);
  EXPECT_EQ(filter.index(0, BatchModel::id).data(), "9");
  filter.set_kind(BatchFilter::all);
  filter.set_words("CAT blue");
  EXPECT_EQ(filter.rowCount(), 1);
  filter.set_words("");
  filter.sort(BatchModel::confidence, Qt::DescendingOrder);
  EXPECT_EQ(filter.index(0, BatchModel::id).data(), "10");
  EXPECT_EQ(filter.index(2, BatchModel::id).data(), "x");
  filter.sort(BatchModel::id, Qt::AscendingOrder);
  EXPECT_EQ(filter.index(0, BatchModel::id).data(), "10") << "the input's order";
  EXPECT_THAT(model.csv().toStdString(), HasSubstr("10,,is it red,\"yes, \"\"red\"\"\",0.9,no,,\n"));
  EXPECT_THAT(model.csv().toStdString(), HasSubstr("x,,,,,,,no such file\n"));
  model.clear();
  EXPECT_EQ(filter.rowCount(), 0);
}

class BatchTest : public VqaTest {
 protected:
  BatchView& batch() { return page().batch(); }
  void open_batch(const std::string& script) {
    use_script(script);
    trigger("vqa.tab");
    write_file(dir_ / "q.jsonl", "{}\n{}\n");
    batch().set_input(QString::fromStdString((dir_ / "q.jsonl").string()));
  }
  std::string state() { return child<QLabel>("vqa.batchState")->text().toStdString(); }
  std::string state_after_run() {
    batch().run();
    EXPECT_TRUE(QTest::qWaitFor([&] { return batch().settled(); }, 30000));
    return state();
  }
};

TEST_F(BatchTest, TheSamplesAreAnsweredAndOneIsOpened) {
  window().open_page("vqa");
  trigger("vqa.tab");
  write_file(dir_ / "set.jsonl", read_file(sample("questions.jsonl").toStdString()) +
                                     R"({"question_id": "gone", "image": "gone.png", "text": "is it red"})"
                                     "\n");
  for (const char* name :
       {"nlvr-dev-1572-0-0", "nlvr-dev-3125-1-0", "nlvr-dev-3877-2-0", "easy-vqa-test-3", "easy-vqa-test-17"})
    std::filesystem::copy(sample((std::string(name) + ".png").c_str()).toStdString(),
                          dir_ / (std::string(name) + ".png"));
  batch().set_input(QString::fromStdString((dir_ / "set.jsonl").string()));
  EXPECT_TRUE(child<QTableView>("vqa.batch")->hasFocus() || !window().isActiveWindow())
      << "keys mean this tab";
  QTest::keyClick(&batch(), Qt::Key_Return, Qt::ControlModifier);
  ASSERT_TRUE(QTest::qWaitFor([&] { return batch().settled() && batch().answers().rowCount() == 8; }, 60000))
      << state();
  EXPECT_EQ(batch().answers().errors(), 1);
  EXPECT_THAT(state(), HasSubstr("8 questions, 1 of them without an answer · 100 % of 7 as expected"));
  EXPECT_EQ(page().command(),
            QStringList({"conclave-vqa", "run", QString::fromStdString((dir_ / "set.jsonl").string())}));
  keep_picture("vqa-batch");
  auto* table = child<QTableView>("vqa.batch");
  choose_row(*table, 1);
  QTest::keyClick(table, Qt::Key_Return);
  EXPECT_EQ(child<QTabWidget>("vqa.tabs")->currentIndex(), 0);
  ASSERT_TRUE(QTest::qWaitFor([&] { return page().settled() && page().answers().rowCount() == 1; }, 60000));
  EXPECT_EQ(last().answer.question, "There is a tower with four blocks.");
  EXPECT_EQ(page().canvas().patches().patches.size(), 75u);
  trigger("vqa.tab");
  child<QComboBox>("vqa.batchKind")->setCurrentIndex(1);
  EXPECT_EQ(table->model()->rowCount(), 1);
  EXPECT_THAT(state(), HasSubstr("1 shown"));
}

TEST_F(BatchTest, WhatIsDroppedOnThePictureIsWhatItLooksLike) {
  window().open_page("vqa");
  auto& canvas = const_cast<PictureCanvas&>(page().canvas());
  write_file(dir_ / "q.csv", "question_id,text\n1,a\n");
  const auto path = [&](const char* name) { return QString::fromStdString((dir_ / name).string()); };
  Q_EMIT canvas.dropped({sample("easy-vqa-test-3.png")});
  ASSERT_TRUE(wait([&] { return canvas.pictures().size() == 1; }));
  EXPECT_EQ(child<QTabWidget>("vqa.tabs")->currentIndex(), 0);
  Q_EMIT canvas.dropped({path("q.csv")});
  EXPECT_EQ(child<QTabWidget>("vqa.tabs")->currentIndex(), 1);
  EXPECT_EQ(page().command(), QStringList({"conclave-vqa", "run", path("q.csv")}));
  ASSERT_TRUE(wait([&] { return state() == "1 questions"; })) << state();
  Q_EMIT canvas.dropped({path("")});
  EXPECT_TRUE(child<QLineEdit>("vqa.batchQuestion")->isVisible());
  QTest::keyClicks(child<QLineEdit>("vqa.batchQuestion"), "what is it");
  EXPECT_EQ(page().command(), QStringList({"conclave-vqa", "run", path(""), "--question", "what is it"}));
}

TEST_F(BatchTest, WhatGoesWrongIsSaid) {
  open_batch("echo '{'; echo '" + std::string(kRecord) + "'; exit 1");
  EXPECT_THAT(state_after_run(), HasSubstr("2 questions, 1 of them without an answer"));
  EXPECT_THAT(batch().answers().at(0).error.toStdString(), HasSubstr("no answer"));
  use_script("echo '" + std::string(kRecord) + "'; kill -SEGV $$");
  EXPECT_THAT(state_after_run(), ::testing::AllOf(HasSubstr("crashed"), HasSubstr("1 questions")));
  use_script("echo 'the weights are broken' >&2; exit 1");
  EXPECT_THAT(state_after_run(), HasSubstr("the weights are broken"));
  EXPECT_EQ(batch().answers().rowCount(), 0) << "nothing of the run before";
  use_script("exit 0");
  EXPECT_THAT(state_after_run(), HasSubstr("without an answer"));
  use_script("head -c 20000000 /dev/zero; echo; echo '" + std::string(kRecord) + "'");
  EXPECT_THAT(state_after_run(), HasSubstr("2 questions, 1 of them without"));
  page().set_program("/no/such/program");
  EXPECT_THAT(state_after_run(), HasSubstr("cannot be started"));
  use_script("trap '' INT; echo '" + std::string(kRecord) + "'; while :; do sleep 0.05; done");
  batch().run();
  ASSERT_TRUE(wait([&] { return batch().answers().rowCount() == 1; }));
  EXPECT_THAT(state(), HasSubstr("1 of 2 answered"));
  trigger("vqa.cancel");
  EXPECT_THAT(state_after_run(), HasSubstr("cancelled"));
  EXPECT_EQ(batch().answers().rowCount(), 1) << "what was answered stays";
  std::filesystem::remove(dir_ / "q.jsonl");
  batch().run();
  EXPECT_THAT(child<QLabel>("status.message")->text().toStdString(), HasSubstr("is not there any more"));
  batch().set_input(QString::fromStdString((dir_ / "").string()));
  batch().run();
  EXPECT_THAT(child<QLabel>("status.message")->text().toStdString(), HasSubstr("What shall be asked"));
}

TEST_F(BatchTest, TenThousandRowsDoNotStopTheWindow) {
  open_batch("i=0; while [ $i -lt 100 ]; do cat " + (dir_ / "block").string() + "; i=$((i+1)); done");
  std::string block;
  for (int i = 0; i < 100; ++i) block += std::string(kRecord) + "\n";
  write_file(dir_ / "block", block);
  batch().run();
  ASSERT_TRUE(
      QTest::qWaitFor([&] { return batch().settled() && batch().answers().rowCount() == 10000; }, 60000))
      << state();
  child<QTableView>("vqa.batch")->sortByColumn(BatchModel::confidence, Qt::DescendingOrder);
  trigger("vqa.filter");
  QTest::keyClicks(child<QLineEdit>("vqa.batchFilter"), "red");
  EXPECT_EQ(child<QTableView>("vqa.batch")->model()->rowCount(), 10000);
  QTest::keyClicks(child<QLineEdit>("vqa.batchFilter"), "der");
  EXPECT_EQ(child<QTableView>("vqa.batch")->model()->rowCount(), 0);
  EXPECT_EQ(batch().answers().csv().count('\n'), 10001);
}

TEST_F(BatchTest, ItIsQueuedAndItsAnswersAreOpened) {
  open_batch("exit 0");
  QSignalSpy jobs(&page(), &VqaPage::wants_jobs);
  const std::string answers = (dir_ / "answers.jsonl").string();
  batch().queue_to(QString::fromStdString(answers));
  ASSERT_EQ(jobs.size(), 1);
  const auto job = jobs[0][0].value<std::vector<JobSpec>>().at(0);
  EXPECT_EQ(job.argv,
            (std::vector<std::string>{"conclave-vqa", "run", (dir_ / "q.jsonl").string(), "--out", answers}));
  EXPECT_EQ(job.retry_argv, std::vector<std::string>{"--resume"});
  ASSERT_TRUE(wait([&] {
    return std::filesystem::exists(history()) && Queue(Store::open(history())).list().size() == 1;
  }));
  const QString earlier = QString::fromStdString((dir_ / "earlier.jsonl").string());
  write_file(earlier.toStdString(), std::string(kRecord) + "\n");
  batch().queue_to(earlier);
  EXPECT_EQ(jobs.size(), 1) << "it is there already";
  batch().show_answers(earlier);
  ASSERT_TRUE(wait([&] { return batch().settled() && batch().answers().rowCount() == 1; }));
  batch().show_answers("/no/such/file");
  ASSERT_TRUE(wait([&] { return batch().settled(); }));
  EXPECT_THAT(state(), HasSubstr("holds no answers"));
}

}  // namespace
}  // namespace conclave::ui
