#include "ui/vqa/picture_canvas.h"

#include <QDragEnterEvent>
#include <QFileInfo>
#include <QHelpEvent>
#include <QImageReader>
#include <QMimeData>
#include <QPainter>
#include <QToolTip>
#include <algorithm>
#include <cmath>

#include "ui/data/format.h"
#include "ui/theme/theme.h"

namespace conclave::ui {
namespace {

constexpr int kMargin = 16, kLegend = 30;
constexpr int kShownSide = 2000;
constexpr int kMostMegabytes = 256;
constexpr double kTint = 0.45;

}  // namespace

QImage read_picture(const QString& file, QString& problem) {
  QImageReader reader(file);
  reader.setAutoTransform(true);
  QImageReader::setAllocationLimit(kMostMegabytes);
  const QSize size = reader.size();
  if (size.isValid() && std::max(size.width(), size.height()) > kShownSide)
    reader.setScaledSize(size.scaled(kShownSide, kShownSide, Qt::KeepAspectRatio));
  QImage image = reader.read();
  if (image.isNull())
    problem =
        PictureCanvas::tr("%1 cannot be shown: %2").arg(QFileInfo(file).fileName(), reader.errorString());
  else  // patches are in the file's own pixels
    image.setText("width", QString::number(size.isValid() ? size.width() : image.width()));
  return image;
}

PictureCanvas::PictureCanvas(QWidget* parent) : QWidget(parent) {
  setObjectName("vqa.canvas");
  setAccessibleName(tr("Pictures"));
  setAcceptDrops(true);
  setMouseTracking(true);
  setMinimumSize(280, 240);
}

void PictureCanvas::set_pictures(std::vector<ShownPicture> pictures) {
  pictures_ = std::move(pictures);
  clear_patches();
}

void PictureCanvas::set_patches(const PatchRouting& routing) {
  routing_ = routing;
  update();
}

void PictureCanvas::clear_patches() {
  routing_ = {};
  update();
}

// As large as they fit, in the number of columns that lets them be largest.
std::vector<PictureCanvas::Place> PictureCanvas::places(const QSize& size) const {
  const auto count = static_cast<int>(pictures_.size());
  const int height = size.height() - (routing_.patches.empty() ? 0 : kLegend);
  std::vector<Place> best;
  double best_area = 0;
  for (int columns = 1; columns <= count; ++columns) {
    const int rows = (count + columns - 1) / columns;
    const QSizeF cell((size.width() - kMargin * (columns + 1.0)) / columns,
                      (height - kMargin * (rows + 1.0)) / rows);
    std::vector<Place> places;
    double area = 0;
    for (int i = 0; i < count && cell.width() > 0 && cell.height() > 0; ++i) {
      const QImage& image = pictures_[static_cast<size_t>(i)].image;
      const QSizeF shown = QSizeF(image.size()).scaled(cell, Qt::KeepAspectRatio);
      const QPointF corner(kMargin + (i % columns) * (cell.width() + kMargin),
                           kMargin + (i / columns) * (cell.height() + kMargin));
      const QRectF where(
          corner + QPointF((cell.width() - shown.width()) / 2, (cell.height() - shown.height()) / 2), shown);
      places.push_back({where, shown.width() / std::max(1, image.text("width").toInt())});
      area += shown.width() * shown.height();
    }
    if (area > best_area) {
      best_area = area;
      best = places;
    }
  }
  return best;
}

void PictureCanvas::draw(QPainter& painter, const QSize& size) const {
  const auto where = places(size);
  painter.setRenderHint(QPainter::SmoothPixmapTransform);
  for (size_t i = 0; i < where.size(); ++i) {
    const QImage& image = pictures_[i].image;
    painter.setRenderHint(QPainter::SmoothPixmapTransform, where[i].area.width() < image.width() * 2);
    painter.drawImage(where[i].area, image);
  }
  if (routing_.patches.empty()) return;
  draw_patches(painter, where);
  draw_legend(painter, QRect(kMargin, size.height() - kLegend - 4, size.width() - 2 * kMargin, kLegend));
}

void PictureCanvas::draw_patches(QPainter& painter, const std::vector<Place>& where) const {
  for (const auto& patch : routing_.patches) {
    if (patch.expert < 0 || static_cast<size_t>(patch.picture) >= where.size()) continue;
    const Place& place = where[static_cast<size_t>(patch.picture)];
    const QRectF area(place.area.topLeft() + patch.place.topLeft() * place.scale,
                      patch.place.size() * place.scale);
    QColor color = expert_color(patch.expert, routing_.experts);
    painter.setPen(QPen(color, 1));
    color.setAlphaF(static_cast<float>(kTint * std::clamp(patch.weight, 0.2, 1.0)));
    painter.fillRect(area, color);
    painter.drawRect(area.adjusted(0.5, 0.5, -0.5, -0.5));
    if (area.width() < 22 || area.height() < 16) continue;
    painter.setPen(Qt::black);  // never colour alone; the tint is light enough for it
    painter.drawText(area.adjusted(3, 1, 0, 0), Qt::AlignLeft | Qt::AlignTop, QString::number(patch.expert));
  }
}

void PictureCanvas::draw_legend(QPainter& painter, const QRect& area) const {
  int x = area.x();
  const auto shares = routing_.shares();
  painter.setPen(palette().color(QPalette::Text));
  const QString head = tr("Layer %1, first expert of each patch:").arg(routing_.site);
  painter.drawText(QRect(x, area.y(), area.width(), area.height()), Qt::AlignVCenter, head);
  x += painter.fontMetrics().horizontalAdvance(head) + 12;
  for (size_t e = 0; e < shares.size(); ++e) {
    if (shares[e] == 0) continue;
    painter.fillRect(QRect(x, area.center().y() - 6, 12, 12),
                     expert_color(static_cast<int>(e), routing_.experts));
    const QString text = QString("e%1  %2 %").arg(e).arg(std::round(100 * shares[e]));
    painter.drawText(QRect(x + 17, area.y(), area.width(), area.height()), Qt::AlignVCenter, text);
    x += 17 + painter.fontMetrics().horizontalAdvance(text) + 14;
  }
}

void PictureCanvas::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setPen(QPen(palette().color(QPalette::Mid), 1, pictures_.empty() ? Qt::DashLine : Qt::SolidLine));
  painter.setBrush(palette().brush(QPalette::Base));
  painter.drawRoundedRect(rect().adjusted(0, 0, -1, -1), 8, 8);
  painter.setBrush(Qt::NoBrush);
  if (pictures_.empty()) {
    painter.setPen(muted(palette()));
    painter.drawText(rect(), Qt::AlignCenter,
                     tr("Drop pictures here, paste one (Ctrl+V),\nor open files (Ctrl+O)"));
    return;
  }
  draw(painter, size());
}

void PictureCanvas::dragEnterEvent(QDragEnterEvent* event) {
  if (event->mimeData()->hasUrls()) event->acceptProposedAction();
}

void PictureCanvas::dropEvent(QDropEvent* event) {
  QStringList files;
  for (const QUrl& url : event->mimeData()->urls())
    if (url.isLocalFile()) files << url.toLocalFile();
  if (files.isEmpty()) return;
  event->acceptProposedAction();
  Q_EMIT dropped(files);
}

bool PictureCanvas::event(QEvent* event) {
  if (event->type() != QEvent::ToolTip) return QWidget::event(event);
  auto* help = static_cast<QHelpEvent*>(event);
  const auto where = places(size());
  for (const auto& patch : routing_.patches) {
    if (static_cast<size_t>(patch.picture) >= where.size()) continue;
    const Place& place = where[static_cast<size_t>(patch.picture)];
    const QRectF area(place.area.topLeft() + patch.place.topLeft() * place.scale,
                      patch.place.size() * place.scale);
    if (!area.contains(help->pos())) continue;
    QToolTip::showText(help->globalPos(),
                       tr("expert %1, weight %2").arg(patch.expert).arg(number_text(patch.weight)), this);
    return true;
  }
  QToolTip::hideText();
  return true;
}

}  // namespace conclave::ui
