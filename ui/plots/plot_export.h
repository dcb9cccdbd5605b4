/// Taking pictures and tables along.
#pragma once

#include <QSize>
#include <QString>
#include <functional>

class QCustomPlot;
class QPainter;
class QWidget;

namespace conclave::ui {

/// Writes `plot` as its suffix says: .png (twice the size of the screen's), .svg, .pdf. Returns what went
/// wrong, or nothing.
QString export_picture(QCustomPlot& plot, const QString& file);
/// The same for what `paint` draws within `size`.
QString export_drawing(const QSize& size, const std::function<void(QPainter&)>& paint, const QString& file);
/// Paints `plot` as it is on the screen.
void draw_plot(QCustomPlot& plot, QPainter& painter);

/// What is shown, as it can be taken along.
struct Takeaway {
  QString name;  ///< of the file, without its suffix
  QSize size;
  std::function<void(QPainter&)> paint;  ///< empty: it is no picture
  std::function<QString()> csv;
  /// "png svg pdf csv", as far as there is.
  QString suffixes() const;
};
/// Writes it as the suffix of `file` says. Returns what went wrong, or nothing.
QString export_to(const Takeaway& what, const QString& file);

/// Writes a whole file or none; returns what went wrong, or nothing.
QString write_text(const QString& file, const QString& text);
/// Asks for a file of one of these kinds ("png svg pdf csv"); empty when nothing was chosen.
QString ask_export_file(QWidget* parent, const QString& name, const QString& suffixes);

}  // namespace conclave::ui
