// Studies, frames and reports in the window, with the real conclave-ultrasound behind it.
#include <gmock/gmock.h>

#include <QAbstractItemModelTester>
#include <QComboBox>
#include <QLineEdit>
#include <QPlainTextEdit>
#include <QSlider>
#include <QTableView>
#include <cmath>
#include <numbers>

#include "framework/base/error.h"
#include "framework/base/file.h"
#include "ui/ultrasound/frame_viewer.h"
#include "ui/ultrasound/mask_runs.h"
#include "ui/ultrasound/readers_panel.h"
#include "ui/ultrasound/ultrasound_page.h"
#include "ui_test.h"

namespace conclave::ui {
namespace {

using ::testing::HasSubstr;

constexpr const char* kReport =
    R"({"schema":"conclave-ultrasound-report/1","state":"draft","organ":"breast","model":"m","abstained":false,)"
    R"("findings":[{"kind":"mass","fields":[{"name":"shape","value":"oval","confidence":0.9},)"
    R"({"name":"margin","value":"","confidence":0.4,"abstained":true,"reason":"not learnt"}],)"
    R"("measurements":[{"name":"long_axis","kind":"ellipse","center":[2,1],"half_axes":[2,1],"angle":0.5,"pixels":9.5,"mm":null,"reason":"no scale"}],)"
    R"("mask":{"width":4,"height":2,"runs":[1,2,5]},"categories":[{"table":"bi-rads","category":"3"}]}],)"
    R"("sentences":[{"section":"findings","text":"A mass."},{"section":"impression","text":"Benign."}],)"
    R"("steps":[{"state":"draft","by":"p","time":"t","changes":[{"op":"replace","path":"/a","value":1}]}]})";

TEST(UltrasoundReport, IsReadWithItsMask) {
  const ReportView view = parse_report(kReport, "r.json");
  ASSERT_EQ(view.fields.size(), 2u);
  EXPECT_EQ(view.fields[0].name, "margin") << "the least sure first";
  EXPECT_EQ(view.measurements, QStringList({"long axis: 9.5 px (no scale)"}));
  const ReportMarks& marks = view.marks.at({QString(), 0});
  ASSERT_EQ(marks.masks.size(), 1u);
  const QImage& mask = marks.masks[0];
  for (int i = 0; i < 8; ++i) EXPECT_EQ(mask.constScanLine(i / 4)[i % 4], i == 1 || i == 2 ? 255 : 0) << i;
  ASSERT_EQ(marks.ellipses.size(), 1u);
  EXPECT_EQ(view.findings, "A mass.");
  EXPECT_EQ(view.steps[0].changes, QStringList({"/a: 1"}));
  QByteArray beyond(kReport);
  for (const QByteArray& wrong :
       {QByteArray("{}"), QByteArray("["), QByteArray(kReport).replace("[1,2,5]", "[1,9]"),
        QByteArray(kReport).replace("\"width\":4", "\"width\":99999999999"),
        QByteArray(kReport).replace("[1,2,5]", "[-1]"), QByteArray(kReport).replace("\"steps\"", "\"no\"")})
    EXPECT_THROW(parse_report(wrong, "r.json"), DataError) << wrong.toStdString();
}

TEST(UltrasoundReport, ChangedFieldsBecomeFlags) {
  FieldModel model;
  const QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::Fatal);
  model.set_fields(parse_report(kReport, "").fields);
  EXPECT_TRUE(model.changes().isEmpty());
  EXPECT_FALSE(model.setData(model.index(0, 0), "x", Qt::EditRole));
  EXPECT_TRUE(model.setData(model.index(0, 1), "spiculated", Qt::EditRole));
  EXPECT_EQ(model.changes(), QStringList({"0.margin=spiculated"}));
  EXPECT_EQ(model.data(model.index(0, 2), Qt::DisplayRole).toString(), "yours");
  Lexicon lexicon;
  add_to_lexicon(
      lexicon, R"({"organ":"breast","kind":"breast_lesion","field":"margin","values":[{"code":"angular"}]})");
  EXPECT_EQ(lexicon.values("breast", "margin"), QStringList("angular"));
}

TEST_F(UiTest, FramesAreLevelledZoomedAndMeasured) {
  FrameViewer viewer;
  viewer.resize(400, 400);
  QImage frame(100, 100, QImage::Format_RGB32);
  frame.fill(QColor(100, 100, 100));
  viewer.set_frame(frame);
  viewer.show();
  const auto grey = [&] { return viewer.grab().toImage().pixelColor(200, 200).red(); };
  EXPECT_EQ(grey(), 100);
  viewer.set_window(100, 100);
  EXPECT_NEAR(grey(), 127, 1);
  viewer.set_window(1, 200);
  EXPECT_EQ(grey(), 0);
  EXPECT_EQ(viewer.to_picture({0, 0}), QPointF(-0.5, -0.5)) << "a pixel's middle is its coordinate";
  QPointF from, to;
  QObject::connect(&viewer, &FrameViewer::measured, [&](QPointF a, QPointF b) { from = a, to = b; });
  QTest::mousePress(&viewer, Qt::LeftButton, {}, {42, 82});
  QTest::mouseMove(&viewer, {202, 82});
  QTest::mouseRelease(&viewer, Qt::LeftButton, {}, {202, 82});
  EXPECT_EQ(from, QPointF(10, 20));
  EXPECT_EQ(to, QPointF(50, 20));
  QWheelEvent wheel({100, 100}, viewer.mapToGlobal(QPointF(100, 100)), {}, {0, 240}, {}, {},
                    Qt::NoScrollPhase, false);
  const QPointF below = viewer.to_picture({100, 100});
  QApplication::sendEvent(&viewer, &wheel);
  EXPECT_GT(viewer.zoom(), 1.4);
  EXPECT_NEAR((viewer.to_picture({100, 100}) - below).manhattanLength(), 0, 1e-9) << "around the pointer";
  QTest::mouseDClick(&viewer, Qt::LeftButton);
  EXPECT_EQ(viewer.zoom(), 1);
}

TEST(MaskRuns, AnOutlineBecomesRunsAndBack) {
  const QImage inside = inside_of(QPolygonF({{-0.5, 0.5}, {1.5, 0.5}, {1.5, 2.5}, {-0.5, 2.5}}), {4, 3});
  const Json json = mask_json(inside);
  EXPECT_EQ(json["runs"], Json::parse("[4,2,2,2,2]"));
  EXPECT_EQ(parse_mask(json), inside);
}

TEST(Annotation, IsWhatAdjudicationReads) {
  Annotation drawn{
      "Dr. Ö/1", "breast", "breast_lesion", 2, {{{1, 1}, {5, 1}, {5, 4}}}, false, {{"margin", "angular"}}};
  const Json json = findings_json(drawn, {8, 8});
  EXPECT_EQ(json["findings"][0]["evidence"]["box"], Json::parse("[1.5,1.5,4.0,3.0]"));
  EXPECT_EQ(json["findings"][0]["mask"]["width"], 8);
  const Annotation again = parse_annotation(QByteArray::fromStdString(json.dump()), "a.json");
  EXPECT_EQ(again.reader, drawn.reader);
  EXPECT_EQ(again.outline, drawn.outline);
  EXPECT_EQ(again.fields, drawn.fields);
  EXPECT_EQ(again.frame, 2);
  for (const char* wrong : {"{}", "[", R"({"findings":[]})", R"({"reader":1,"findings":[{}]})"})
    EXPECT_THROW(parse_annotation(wrong, "a.json"), DataError) << wrong;
}

TEST(ReaderTable, WhatReadersDifferInIsDecided) {
  Lexicon lexicon;
  add_to_lexicon(
      lexicon, R"({"organ":"breast","kind":"breast_lesion","field":"margin","values":[{"code":"angular"}]})");
  add_to_lexicon(lexicon,
                 R"({"organ":"breast","kind":"breast_lesion","field":"shape","values":[{"code":"oval"}]})");
  ReaderTableModel model;
  const QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::Fatal);
  std::vector<Annotation> readers(2);
  readers[0] = {"ana", "breast", "breast_lesion", 0, {}, false, {{"margin", "angular"}, {"shape", "oval"}}};
  readers[1] = {"bo", "breast", "breast_lesion", 0, {}, false, {{"margin", "indistinct"}, {"shape", "oval"}}};
  model.set(lexicon, "breast", "bo", readers);
  EXPECT_EQ(model.columnCount(), 4);
  EXPECT_EQ(model.differing(), QStringList("margin"));
  EXPECT_FALSE(model.setData(model.index(0, 1), "angular", Qt::EditRole)) << "ana's is not bo's to change";
  EXPECT_TRUE(model.setData(model.index(0, 3), "angular", Qt::EditRole));
  EXPECT_EQ(model.decisions(), QStringList("0.margin=angular"));
  EXPECT_TRUE(model.setData(model.index(0, 2), "angular", Qt::EditRole));
  EXPECT_TRUE(model.differing().isEmpty());
  model.set(lexicon, "breast", "cy", readers);
  EXPECT_EQ(model.columnCount(), 5) << "who has not read yet has a column";
  model.set(lexicon, "thyroid", "bo", readers);
  EXPECT_EQ(model.rowCount(), 0);
}

class UltrasoundTest : public UiTest {
 protected:
  UltrasoundPage& page() { return *static_cast<UltrasoundPage*>(window().page("ultrasound")); }
  std::string text(const char* label) { return child<QLabel>(label)->text().toStdString(); }
  // A bright ring on a dark ground, as a skull looks.
  QString head(const char* name) {
    QImage picture(400, 270, QImage::Format_RGB32);
    picture.fill(QColor(20, 20, 20));
    QPainter painter(&picture);
    painter.setPen(QPen(QColor(230, 230, 230), 6));
    painter.setBrush(QColor(70, 70, 70));
    painter.drawEllipse(QPoint(200, 135), 120, 90);
    painter.end();
    const QString file = QString::fromStdString((dir_ / name).string());
    EXPECT_TRUE(picture.save(file));
    return file;
  }
  void open() {
    window().open_page("ultrasound");
    ASSERT_TRUE(QTest::qWaitFor([&] { return page().settled() && page().form().ready(); }, 30000));
  }
  bool done() {
    return QTest::qWaitFor([&] { return page().settled(); }, 120000);
  }
};

TEST_F(UltrasoundTest, AHeadIsMeasuredDraftedEditedAndSigned) {
  open();
  page().open({head("head.png")});
  ASSERT_TRUE(wait([&] { return page().viewer().has_frame(); }));
  // A length without a scale is in pixels, with the reason.
  FrameViewer& viewer = page().viewer();
  const auto at = [&](double x, double y) { return viewer.to_widget({x, y}).toPoint(); };
  QTest::mousePress(&viewer, Qt::LeftButton, {}, at(100, 100));
  QTest::mouseMove(&viewer, at(200, 100));
  QTest::mouseRelease(&viewer, Qt::LeftButton, {}, at(200, 100));
  ASSERT_TRUE(done());
  EXPECT_THAT(text("ultrasound.length"), HasSubstr("not in mm")) << text("ultrasound.state");
  page().form().set_value("mm-per-pixel", 0.5);
  QTest::mousePress(&viewer, Qt::LeftButton, {}, at(100, 100));
  QTest::mouseMove(&viewer, at(200, 100));
  QTest::mouseRelease(&viewer, Qt::LeftButton, {}, at(200, 100));
  ASSERT_TRUE(done());
  EXPECT_THAT(text("ultrasound.length"), HasSubstr(" mm"));

  page().form().set_value("organ", "fetal_head");
  trigger("ultrasound.draft");
  ASSERT_TRUE(done());
  ASSERT_NE(page().report(), nullptr) << text("ultrasound.state");
  EXPECT_EQ(page().report()->state, "draft");
  keep_picture("ultrasound");
  trigger("ultrasound.sign");
  EXPECT_THAT(text("ultrasound.state"), HasSubstr("Write your name"));
  QTest::keyClicks(child<QLineEdit>("ultrasound.reader"), "Dr. A");
  auto* impression = child<QPlainTextEdit>("ultrasound.impression");
  impression->setFocus();
  impression->selectAll();
  QTest::keyClicks(impression, "A made head.");
  trigger("ultrasound.sign");
  EXPECT_THAT(text("ultrasound.state"), HasSubstr("Keep your changes"));
  trigger("ultrasound.keep");
  ASSERT_TRUE(done());
  ASSERT_EQ(page().report()->state, "edited") << text("ultrasound.state");
  EXPECT_EQ(page().report()->impression, "A made head.");
  EXPECT_FALSE(page().report()->steps.back().changes.isEmpty()) << "the difference is shown";
  trigger("ultrasound.sign");
  ASSERT_TRUE(done());
  EXPECT_EQ(page().report()->state, "signed") << text("ultrasound.state");
  EXPECT_EQ(page().report()->steps.back().by, "Dr. A");
  trigger("ultrasound.export");
  ASSERT_TRUE(done());
  EXPECT_TRUE(std::filesystem::exists(dir_ / "reports" / "head.pdf")) << text("ultrasound.state");
  keep_picture("ultrasound-signed");
}

TEST_F(UltrasoundTest, AnEllipseIsMeasured) {
  open();
  page().open({head("head.png")});
  ASSERT_TRUE(wait([&] { return page().viewer().has_frame(); }));
  page().form().set_value("mm-per-pixel", 0.5);
  trigger("ultrasound.ellipse");
  FrameViewer& viewer = page().viewer();
  const auto at = [&](double x, double y) { return viewer.to_widget({x, y}).toPoint(); };
  QTest::mousePress(&viewer, Qt::LeftButton, {}, at(80, 135));
  QTest::mouseMove(&viewer, at(320, 135));
  QTest::mouseRelease(&viewer, Qt::LeftButton, {}, at(320, 135));
  QTest::mouseMove(&viewer, at(200, 15));  // as wide as long: a circle
  QTest::mouseClick(&viewer, Qt::LeftButton, {}, at(200, 15));
  ASSERT_TRUE(done());
  const QString length = QString::fromStdString(text("ultrasound.length"));
  EXPECT_THAT(length.toStdString(), HasSubstr("around: "));
  EXPECT_NEAR(length.section(' ', 1, 1).toDouble(), 120 * std::numbers::pi, 4) << length.toStdString();
}

TEST_F(UltrasoundTest, ASentenceLeadsToItsBoxAndADraftIsFoundAgain) {
  open();
  const QString file = head("head.png");
  page().open({file});
  ASSERT_TRUE(wait([&] { return page().viewer().has_frame(); }));
  page().form().set_value("organ", "fetal_head");
  trigger("ultrasound.draft");
  ASSERT_TRUE(done());
  ASSERT_NE(page().report(), nullptr) << text("ultrasound.state");
  EXPECT_FALSE(page().viewer().marks().masks.empty());
  EXPECT_FALSE(page().viewer().marks().evidence);
  auto* findings = child<QPlainTextEdit>("ultrasound.findings");
  QTest::mouseClick(findings->viewport(), Qt::LeftButton, {}, {5, 8});
  ASSERT_TRUE(wait([&] { return page().viewer().marks().evidence.has_value(); }))
      << text("ultrasound.evidence");
  EXPECT_TRUE(page().viewer().marks().evidence->contains(QPointF(200, 135))) << "the head's middle";
  EXPECT_THAT(text("ultrasound.evidence"), HasSubstr("frame 1"));
  keep_picture("ultrasound-evidence");
  QTest::keyClicks(findings, "Seen by me. ");
  QTest::keyClick(findings, Qt::Key_Left);
  EXPECT_FALSE(page().viewer().marks().evidence);
  EXPECT_THAT(text("ultrasound.evidence"), HasSubstr("own words"));

  page().open({head("other.png")});
  EXPECT_EQ(page().report(), nullptr);
  page().open({file});
  ASSERT_NE(page().report(), nullptr) << "what was drafted before is there again";
  EXPECT_EQ(page().report()->state, "draft");
  EXPECT_TRUE(done());
}

TEST_F(UltrasoundTest, TwoReadersAreKeptApartAndAdjudicated) {
  open();
  const QString file = head("head.png");
  page().open({file});
  ASSERT_TRUE(done());
  ASSERT_TRUE(wait([&] { return page().viewer().has_frame(); }));
  auto* name = child<QLineEdit>("ultrasound.reader");
  auto* organ = child<QComboBox>("ultrasound.readers.organ");
  FrameViewer& viewer = page().viewer();
  const auto at = [&](double x, double y) { return viewer.to_widget({x, y}).toPoint(); };
  const auto read_as = [&](const char* reader, const char* margin, double right) {
    name->clear();
    QTest::keyClicks(name, reader);
    trigger("ultrasound.outline");
    QTest::mousePress(&viewer, Qt::LeftButton, {}, at(100, 60));
    for (const auto& [x, y] : std::vector<std::pair<double, double>>{{right, 60}, {right, 200}, {100, 200}})
      QTest::mouseMove(&viewer, at(x, y));
    QTest::mouseRelease(&viewer, Qt::LeftButton, {}, at(100, 200));
    organ->setCurrentIndex(organ->findData("breast"));
    ReaderTableModel& table = page().readers().table();
    for (int row = 0; row < table.rowCount(); ++row)
      if (table.data(table.index(row, 0), Qt::EditRole) == "margin")
        EXPECT_TRUE(table.setData(table.index(row, table.readers()), margin, Qt::EditRole));
  };
  read_as("Ana", "angular", 280);
  child<QPushButton>("ultrasound.readers.save")->click();
  EXPECT_THAT(text("ultrasound.state"), HasSubstr("saved in")) << text("ultrasound.state");
  EXPECT_FALSE(child<QPushButton>("ultrasound.readers.join")->isEnabled());
  read_as("Bo", "indistinct", 300);
  child<QPushButton>("ultrasound.readers.save")->click();
  EXPECT_EQ(page().viewer().marks().readers.size(), 2u);
  EXPECT_THAT(text("ultrasound.readers.agreement"), HasSubstr("differ in margin"));
  keep_picture("ultrasound-readers");
  child<QPushButton>("ultrasound.readers.join")->click();
  ASSERT_TRUE(done());
  EXPECT_THAT(text("ultrasound.readers.agreement"), HasSubstr("Left to decide")) << text("ultrasound.state");
  ReaderTableModel& table = page().readers().table();
  for (int row = 0; row < table.rowCount(); ++row)
    if (table.data(table.index(row, 0), Qt::EditRole) == "margin")
      table.setData(table.index(row, table.columnCount() - 1), "angular", Qt::EditRole);
  child<QPushButton>("ultrasound.readers.join")->click();
  ASSERT_TRUE(done());
  EXPECT_THAT(text("ultrasound.readers.agreement"), HasSubstr("nothing is left")) << text("ultrasound.state");
  child<QPushButton>("ultrasound.readers.draft")->click();
  ASSERT_TRUE(done());
  ASSERT_NE(page().report(), nullptr) << text("ultrasound.state");
  EXPECT_THAT(page().report()->model.toStdString(), HasSubstr("Ana, Bo"));
  EXPECT_EQ(page().report()->organ, "breast");
  // Both are there when the study is opened again.
  page().open({file});
  ASSERT_TRUE(wait([&] { return page().viewer().has_frame(); }));
  EXPECT_EQ(page().viewer().marks().readers.size(), 2u);
  EXPECT_TRUE(done());
}

TEST_F(UltrasoundTest, HomeTriesASample) {
  QTest::mouseClick(child<QPushButton>("home.scan"), Qt::LeftButton);
  ASSERT_EQ(window().current_page()->id(), "ultrasound");
  ASSERT_TRUE(QTest::qWaitFor([&] { return page().settled() && page().report(); }, 60000));
  EXPECT_EQ(page().report()->state, "draft");
  EXPECT_TRUE(std::filesystem::exists(dir_ / "XDG_DATA_HOME" / "conclave" / "samples" / "breast-lesion.jpg"))
      << "its report does not lie among the samples";
  keep_picture("ultrasound-sample");
}

TEST_F(UltrasoundTest, WhatCannotBeReadIsSaid) {
  open();
  write_file(dir_ / "a.dcm", "no dicom");
  page().open({QString::fromStdString((dir_ / "a.dcm").string())});
  ASSERT_TRUE(done());
  EXPECT_THAT(text("ultrasound.state"), HasSubstr("a.dcm"));
  EXPECT_FALSE(page().viewer().has_frame());
  trigger("ultrasound.export");
  EXPECT_THAT(text("ultrasound.state"), HasSubstr("no report"));
}

TEST_F(UltrasoundTest, DicomIsShownAndMeasuredInMillimetres) {
  CONCLAVE_NEED_DATA("ultrasound/dicom/examples_palette.dcm");
  open();
  page().open(
      {QString::fromStdString((*testing::data_dir() / "ultrasound/dicom/examples_palette.dcm").string())});
  ASSERT_TRUE(QTest::qWaitFor([&] { return page().viewer().has_frame(); }, 30000))
      << text("ultrasound.state");
  FrameViewer& viewer = page().viewer();
  const auto at = [&](double x, double y) { return viewer.to_widget({x, y}).toPoint(); };
  QTest::mousePress(&viewer, Qt::LeftButton, {}, at(300, 150));
  QTest::mouseMove(&viewer, at(400, 150));
  QTest::mouseRelease(&viewer, Qt::LeftButton, {}, at(400, 150));
  ASSERT_TRUE(done());
  EXPECT_THAT(text("ultrasound.length"), HasSubstr(" mm"));
  keep_picture("ultrasound-dicom");
}

}  // namespace
}  // namespace conclave::ui
