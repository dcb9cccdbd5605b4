#include "ui/plots/plot_export.h"

#include <QCoreApplication>
#include <QFileDialog>
#include <QFileInfo>
#include <QPageSize>
#include <QPdfWriter>
#include <QSaveFile>
#include <QSvgGenerator>

#include "ui/app/preferences.h"
#include "ui/plots/custom_plot.h"

namespace conclave::ui {
namespace {

constexpr int kPixelsPerPoint = 2;

QString tr(const char* text) {
  return QCoreApplication::translate("conclave::ui", text);
}

QString cannot_write(const QString& file) {
  return tr("%1: cannot be written").arg(file);
}

}  // namespace

void draw_plot(QCustomPlot& plot, QPainter& painter) {
  QCPPainter own;
  QPicture picture;
  own.begin(&picture);
  own.setMode(QCPPainter::pmVectorized);
  own.setMode(QCPPainter::pmNoCaching);
  plot.toPainter(&own, plot.width(), plot.height());
  own.end();
  painter.drawPicture(0, 0, picture);
}

QString export_picture(QCustomPlot& plot, const QString& file) {
  return export_drawing(
      plot.size(), [&](QPainter& painter) { draw_plot(plot, painter); }, file);
}

QString Takeaway::suffixes() const {
  return QStringList{paint ? "png svg pdf" : "", csv ? "csv" : ""}.join(' ').trimmed();
}

QString export_to(const Takeaway& what, const QString& file) {
  if (what.csv && file.endsWith(".csv", Qt::CaseInsensitive)) return write_text(file, what.csv());
  return export_drawing(what.size, what.paint, file);
}

QString export_drawing(const QSize& size, const std::function<void(QPainter&)>& paint, const QString& file) {
  const QString suffix = QFileInfo(file).suffix().toLower();
  if (suffix == "png") {
    QImage image(size * kPixelsPerPoint, QImage::Format_ARGB32_Premultiplied);
    image.fill(Qt::white);
    image.setDevicePixelRatio(kPixelsPerPoint);
    QPainter painter(&image);
    painter.setRenderHint(QPainter::Antialiasing);
    paint(painter);
    painter.end();
    return image.save(file) ? QString() : cannot_write(file);
  }
  if (suffix == "svg") {
    QSvgGenerator svg;
    svg.setFileName(file);
    svg.setSize(size);
    svg.setViewBox(QRect({0, 0}, size));
    QPainter painter;
    if (!painter.begin(&svg)) return cannot_write(file);
    paint(painter);
    return painter.end() ? QString() : cannot_write(file);
  }
  if (suffix == "pdf") {
    QPdfWriter pdf(file);
    pdf.setPageMargins({0, 0, 0, 0});
    pdf.setPageSize(QPageSize(QSizeF(size), QPageSize::Point));
    pdf.setResolution(72);
    QPainter painter;
    if (!painter.begin(&pdf)) return cannot_write(file);
    paint(painter);
    return painter.end() ? QString() : cannot_write(file);
  }
  return tr("%1: its name must end in .png, .svg, .pdf or .csv").arg(file);
}

QString write_text(const QString& file, const QString& text) {
  QSaveFile out(file);
  if (!out.open(QIODevice::WriteOnly)) return cannot_write(file);
  out.write(text.toUtf8());
  return out.commit() ? QString() : cannot_write(file);
}

QString ask_export_file(QWidget* parent, const QString& name, const QString& suffixes) {
  QStringList filters;
  for (const QString& suffix : suffixes.split(' ')) filters << suffix.toUpper() + " (*." + suffix + ")";
  Preferences preferences;
  const QDir folder(preferences.value("export/folder", QDir::homePath()).toString());
  QString chosen;
  QString file = QFileDialog::getSaveFileName(parent, tr("Take along"), folder.filePath(name),
                                              filters.join(";;"), &chosen);
  if (file.isEmpty()) return file;
  if (QFileInfo(file).suffix().isEmpty()) file += "." + chosen.section(' ', 0, 0).toLower();
  preferences.setValue("export/folder", QFileInfo(file).path());
  return file;
}

}  // namespace conclave::ui
