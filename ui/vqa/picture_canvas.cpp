#include "ui/vqa/picture_canvas.h"

#include <QApplication>
#include <QDragEnterEvent>
#include <QFileInfo>
#include <QHelpEvent>
#include <QImageReader>
#include <QMimeData>
#include <QPainter>
#include <QToolTip>
#include <QWheelEvent>
#include <algorithm>
#include <cmath>

#include "ui/data/format.h"
#include "ui/plots/color_map.h"
#include "ui/theme/theme.h"

namespace conclave::ui {
namespace {

constexpr int kMargin = 16, kLegend = 30;
constexpr int kShownSide = 2000;
constexpr int kMostMegabytes = 256;
constexpr double kTint = 0.45;
constexpr float kVeil = 0.6F;
constexpr int kSwatch = 12, kSwatchAndGap = 17, kLegendGap = 14;
constexpr double kZoomStep = 1.25, kMoveStep = 0.1;  // of a wheel's notch or a key; of what is seen
constexpr int kNotch = 120;

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
  setFocusPolicy(Qt::StrongFocus);
}

void PictureCanvas::set_pictures(std::vector<ShownPicture> pictures) {
  pictures_ = std::move(pictures);
  show_all();
  clear_patches();
}

void PictureCanvas::set_patches(const PatchRouting& routing) {
  routing_ = routing;
  if (static_cast<size_t>(marked_ + 1) > routing_.patches.size()) marked_ = -1;
  update();
}

void PictureCanvas::clear_patches() {
  routing_ = {};
  shown_.clear();
  marked_ = -1;
  update();
}

void PictureCanvas::show_experts(const std::set<int>& experts) {
  shown_ = experts;
  update();
}

int PictureCanvas::patches_shown() const {
  return static_cast<int>(std::count_if(
      routing_.patches.begin(), routing_.patches.end(),
      [this](const PatchRouting::Patch& p) { return choice_among(p.choices, shown_) != nullptr; }));
}

void PictureCanvas::mark_patch(int patch) {
  marked_ = patch >= 0 && static_cast<size_t>(patch) < routing_.patches.size() ? patch : -1;
  update();
}

// As large as they fit, in the number of columns that lets them be largest.
std::vector<PictureCanvas::Place> PictureCanvas::fitted(const QSize& size) const {
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

std::vector<PictureCanvas::Place> PictureCanvas::places(const QSize& size) const {
  auto shown = fitted(size);
  const QPointF middle(middle_.x() * size.width(), middle_.y() * size.height());
  const QPointF half(size.width() / 2.0, size.height() / 2.0);
  for (Place& place : shown) {
    place.area = QRectF((place.area.topLeft() - middle) * zoom_ + half, place.area.size() * zoom_);
    place.scale *= zoom_;
  }
  return shown;
}

// The middle of what is seen; nothing beyond the whole comes into view.
void PictureCanvas::look_at(QPointF middle) {
  const double edge = 0.5 / zoom_;
  middle_ = {std::clamp(middle.x(), edge, 1 - edge), std::clamp(middle.y(), edge, 1 - edge)};
  update();
}

void PictureCanvas::zoom_at(const QPointF& point, double factor) {
  if (pictures_.empty()) return;
  const QPointF from_middle(point.x() / std::max(1, width()) - 0.5, point.y() / std::max(1, height()) - 0.5);
  const QPointF held = middle_ + from_middle / zoom_;
  zoom_ = std::clamp(zoom_ * factor, 1.0, kMostZoom);
  look_at(held - from_middle / zoom_);
  setAccessibleDescription(tr("enlarged %1 times").arg(number_text(zoom_)));
}

void PictureCanvas::show_all() {
  zoom_ = 1;
  look_at({0.5, 0.5});
}

QRectF PictureCanvas::area_in(const std::vector<Place>& places, const PatchRouting::Patch& patch) {
  if (static_cast<size_t>(patch.picture) >= places.size()) return {};
  const Place& place = places[static_cast<size_t>(patch.picture)];
  return {place.area.topLeft() + patch.place.topLeft() * place.scale, patch.place.size() * place.scale};
}

QRectF PictureCanvas::area_of(int patch) const {
  if (patch < 0 || static_cast<size_t>(patch) >= routing_.patches.size()) return {};
  return area_in(places(size()), routing_.patches[static_cast<size_t>(patch)]);
}

int PictureCanvas::patch_at(const QPointF& point) const {
  const auto where = places(size());
  for (size_t i = 0; i < routing_.patches.size(); ++i)
    if (area_in(where, routing_.patches[i]).contains(point)) return static_cast<int>(i);
  return -1;
}

void PictureCanvas::draw(QPainter& painter, const QSize& size) const {
  const auto where = places(size);
  const int legend = routing_.patches.empty() ? 0 : kLegend;
  painter.save();
  painter.setClipRect(QRect(1, 1, size.width() - 2, size.height() - legend - 2), Qt::IntersectClip);
  for (size_t i = 0; i < where.size(); ++i) {
    const QImage& image = pictures_[i].image;
    painter.setRenderHint(QPainter::SmoothPixmapTransform, where[i].area.width() < image.width() * 2);
    painter.drawImage(where[i].area, image);
  }
  draw_patches(painter, where);
  painter.restore();
  if (legend > 0) draw_legend(painter, legend_in(size));
}

void PictureCanvas::draw_patches(QPainter& painter, const std::vector<Place>& where) const {
  QFont small_font = font();
  small_font.setPointSizeF(small_font.pointSizeF() * 0.85);
  painter.setFont(small_font);
  for (const auto& patch : routing_.patches) {
    const QRectF area = area_in(where, patch);
    if (area.isEmpty()) continue;
    const ExpertChoice* wanted = choice_among(patch.choices, shown_);
    if (!shown_.empty() && !wanted) {
      QColor veil = palette().color(QPalette::Base);
      veil.setAlphaF(kVeil);
      painter.fillRect(area, veil);
      continue;
    }
    const auto [expert, weight] = wanted ? *wanted : ExpertChoice(patch.expert, patch.weight);
    if (expert < 0) continue;
    QColor color = expert_color(expert, routing_.experts);
    painter.setPen(QPen(color, 1));
    color.setAlphaF(static_cast<float>(kTint * std::clamp(weight, 0.2, 1.0)));
    painter.fillRect(area, color);
    painter.drawRect(area.adjusted(0.5, 0.5, -0.5, -0.5));
    if (area.width() < 22 || area.height() < 16) continue;
    const QString number = QString::number(expert);  // never colour alone
    const QRectF label(area.topLeft(), QSizeF(painter.fontMetrics().horizontalAdvance(number) + 6,
                                              painter.fontMetrics().height()));
    color.setAlphaF(1);
    painter.fillRect(label, color);
    painter.setPen(ink_on(color));
    painter.drawText(label, Qt::AlignCenter, number);
  }
  if (marked_ < 0) return;
  const QRectF area = area_in(where, routing_.patches[static_cast<size_t>(marked_)]);
  for (const auto& [color, width] : {std::pair(QColor(Qt::black), 5), {QColor(Qt::white), 2}}) {
    painter.setPen(QPen(color, width));
    painter.drawRect(area);
  }
}

PictureCanvas::Legend PictureCanvas::legend_in(const QSize& size) const {
  const QRect area(kMargin, size.height() - kLegend - 4, size.width() - 2 * kMargin, kLegend);
  const QFontMetrics metrics = fontMetrics();
  Legend legend{tr("Layer %1, first expert of each patch:").arg(routing_.site), area, {}};
  const auto shares = routing_.shares();
  int wide = 0;
  for (size_t e = 0; e < shares.size(); ++e) {
    if (shares[e] == 0) continue;
    const QString text = QString("e%1  %2 %").arg(e).arg(std::round(100 * shares[e]));
    legend.entries.push_back({static_cast<int>(e), text, {}});
    wide += kSwatchAndGap + metrics.horizontalAdvance(text) + kLegendGap;
  }
  if (metrics.horizontalAdvance(legend.head) + kSwatch + wide > area.width())
    legend.head = tr("Layer %1:").arg(routing_.site);
  int x = area.x() + metrics.horizontalAdvance(legend.head) + kSwatch;
  for (size_t i = 0; i < legend.entries.size(); ++i) {
    LegendEntry& entry = legend.entries[i];
    const int width = kSwatchAndGap + metrics.horizontalAdvance(entry.text);
    if (x + width > area.right()) {
      legend.entries.resize(i);
      legend.whole = false;
      break;
    }
    entry.area = QRect(x, area.y(), width, area.height());
    x += width + kLegendGap;
  }
  return legend;
}

QRect PictureCanvas::legend_of(int expert) const {
  if (routing_.patches.empty()) return {};
  for (const LegendEntry& entry : legend_in(size()).entries)
    if (entry.expert == expert) return entry.area;
  return {};
}

void PictureCanvas::draw_legend(QPainter& painter, const Legend& legend) const {
  painter.setFont(font());
  painter.setPen(palette().color(QPalette::Text));
  painter.drawText(legend.area, Qt::AlignVCenter, legend.head);
  int end = legend.area.x() + fontMetrics().horizontalAdvance(legend.head) + kSwatch;
  for (const auto& [expert, text, area] : legend.entries) {
    painter.fillRect(QRect(area.x(), area.center().y() - kSwatch / 2, kSwatch, kSwatch),
                     expert_color(expert, routing_.experts));
    painter.setPen(palette().color(QPalette::Text));
    painter.drawText(area.adjusted(kSwatchAndGap, 0, 0, 0), Qt::AlignVCenter, text);
    if (shown_.contains(expert)) {
      painter.setPen(QPen(palette().color(QPalette::Highlight), 2));
      painter.drawRoundedRect(area.adjusted(-4, 4, 4, -4), 4, 4);
    }
    end = area.right() + kLegendGap;
  }
  painter.setPen(palette().color(QPalette::Text));
  if (!legend.whole) painter.drawText(end, legend.area.center().y(), "…");
}

// The one behind that which is shown; behind the last one none.
void PictureCanvas::choose_next_expert() {
  if (routing_.patches.empty()) return;
  const auto entries = legend_in(size()).entries;
  const auto shown = std::find_if(entries.begin(), entries.end(), [this](const LegendEntry& entry) {
    return shown_ == std::set<int>{entry.expert};
  });
  const auto next = shown == entries.end() ? entries.begin() : shown + 1;
  Q_EMIT expert_chosen(next == entries.end() ? -1 : next->expert);
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
    painter.drawText(rect().adjusted(kMargin, 0, -kMargin, 0), Qt::AlignCenter | Qt::TextWordWrap, empty_);
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

void PictureCanvas::wheelEvent(QWheelEvent* event) {
  if (pictures_.empty() || event->angleDelta().y() == 0) return QWidget::wheelEvent(event);
  zoom_at(event->position(), std::pow(kZoomStep, event->angleDelta().y() / double(kNotch)));
  event->accept();
}

void PictureCanvas::mousePressEvent(QMouseEvent* event) {
  QWidget::mousePressEvent(event);
  if (event->button() != Qt::LeftButton) return;
  pressed_ = event->position();
  grabbed_ = middle_;
  dragging_ = false;
}

void PictureCanvas::mouseMoveEvent(QMouseEvent* event) {
  if (!(event->buttons() & Qt::LeftButton) || pictures_.empty()) return QWidget::mouseMoveEvent(event);
  const QPointF way = event->position() - pressed_;
  dragging_ = dragging_ || way.manhattanLength() >= QApplication::startDragDistance();
  if (dragging_) look_at(grabbed_ - QPointF(way.x() / width(), way.y() / height()) / zoom_);
}

void PictureCanvas::mouseReleaseEvent(QMouseEvent* event) {
  QWidget::mouseReleaseEvent(event);
  if (event->button() != Qt::LeftButton || std::exchange(dragging_, false)) return;
  for (const LegendEntry& entry :
       routing_.patches.empty() ? std::vector<LegendEntry>() : legend_in(size()).entries)
    if (entry.area.contains(event->pos())) return Q_EMIT expert_chosen(entry.expert);
  if (const int patch = patch_at(event->position()); patch >= 0) Q_EMIT patch_chosen(patch);
}

void PictureCanvas::mouseDoubleClickEvent(QMouseEvent*) {
  show_all();
}

void PictureCanvas::keyPressEvent(QKeyEvent* event) {
  const double step = kMoveStep / zoom_;
  switch (event->key()) {
    case Qt::Key_Plus:
    case Qt::Key_Equal:
      return zoom_by(kZoomStep);
    case Qt::Key_Minus:
      return zoom_by(1 / kZoomStep);
    case Qt::Key_0:
      return show_all();
    case Qt::Key_E:
      return choose_next_expert();
    case Qt::Key_Left:
      return look_at(middle_ - QPointF(step, 0));
    case Qt::Key_Right:
      return look_at(middle_ + QPointF(step, 0));
    case Qt::Key_Up:
      return look_at(middle_ - QPointF(0, step));
    case Qt::Key_Down:
      return look_at(middle_ + QPointF(0, step));
    default:
      QWidget::keyPressEvent(event);
  }
}

bool PictureCanvas::event(QEvent* event) {
  if (event->type() != QEvent::ToolTip) return QWidget::event(event);
  const auto* help = static_cast<QHelpEvent*>(event);
  const int patch = patch_at(help->pos());
  if (patch < 0)
    QToolTip::hideText();
  else
    QToolTip::showText(help->globalPos(), choices_text(routing_.patches[static_cast<size_t>(patch)].choices),
                       this);
  return true;
}

}  // namespace conclave::ui
