// Studies, frames and reports in the window, with the real conclave-ultrasound behind it.
#include <gmock/gmock.h>

#include <QAbstractItemModelTester>
#include <QLineEdit>
#include <QPlainTextEdit>
#include <QSlider>
#include <QTableView>

#include "framework/base/error.h"
#include "framework/base/file.h"
#include "ui/ultrasound/frame_viewer.h"
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
  ASSERT_EQ(view.masks.size(), 1u);
  const QImage& mask = view.masks[0];
  for (int i = 0; i < 8; ++i) EXPECT_EQ(mask.constScanLine(i / 4)[i % 4], i == 1 || i == 2 ? 255 : 0) << i;
  ASSERT_EQ(view.ellipses.size(), 1u);
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
  add_to_lexicon(lexicon, R"({"organ":"breast","field":"margin","values":[{"code":"angular"}]})");
  EXPECT_EQ(lexicon["breast.margin"], QStringList("angular"));
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
