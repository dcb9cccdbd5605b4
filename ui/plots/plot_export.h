/// Taking pictures and tables along.
#pragma once

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
/// Writes a whole file or none; returns what went wrong, or nothing.
QString write_text(const QString& file, const QString& text);
/// Asks for a file of one of these kinds ("png svg pdf csv"); empty when nothing was chosen.
QString ask_export_file(QWidget* parent, const QString& name, const QString& suffixes);

}  // namespace conclave::ui
