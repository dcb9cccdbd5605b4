// Questions about pictures with the real conclave-vqa, and with programs that misbehave.
#include <gmock/gmock.h>

#include <QAbstractItemModelTester>
#include <QLineEdit>
#include <QListView>
#include <QSignalSpy>

#include "framework/base/error.h"
#include "framework/base/file.h"
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
  const auto tiles = parse_answer(kRecord).tiles;
  const auto all = parse_patches(QByteArray::fromStdString(lines), "0", tiles);
  ASSERT_EQ(all.size(), 1u);
  ASSERT_EQ(all[0].patches.size(), 8u);
  EXPECT_EQ(all[0].patches[3].place, QRectF(50, 50, 50, 50));
  EXPECT_EQ(all[0].patches[4].place, QRectF(150, 0, 50, 50));
  EXPECT_EQ(all[0].patches[4].expert, 1);
  EXPECT_EQ(all[0].experts, 2) << "registers are no patches";
  EXPECT_THAT(all[0].shares(), ::testing::ElementsAre(0.5, 0.5));
  EXPECT_TRUE(parse_patches(QByteArray::fromStdString(lines), "other", tiles).empty());
  EXPECT_THROW(parse_patches(QByteArray::fromStdString(lines), "0", {{QRect(0, 0, 1, 1), {}, {}}}), Error);
  EXPECT_THROW(parse_patches("{\"question_id\":\"0\"}", "0", tiles), Error);
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
  page().set_pictures({sample("easy-vqa-test-3.png")});
  ASSERT_TRUE(wait_settled());
  EXPECT_TRUE(page().canvas().patches().patches.empty()) << "of another picture";
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

}  // namespace
}  // namespace conclave::ui
