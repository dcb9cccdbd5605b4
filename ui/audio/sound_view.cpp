#include "ui/audio/sound_view.h"

#include <QEvent>
#include <QHelpEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QToolTip>
#include <algorithm>
#include <cmath>

#include "ui/theme/theme.h"

namespace conclave::ui {
namespace {

constexpr int kBandGap = 8, kAxis = 22, kWords = 20;
constexpr double kStrip = 16, kStripGap = 3, kMostStrips = 0.4;  // share of the height

// A step of time that leaves about 80 pixels between two ticks.
double tick_step(double seconds, double width) {
  const double wanted = seconds * 80 / std::max(1.0, width);
  for (const double step : {0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0})
    if (step >= wanted) return step;
  return 600;
}

}  // namespace

SoundView::SoundView(QWidget* parent) : QWidget(parent) {
  setObjectName("audio.view");
  setAccessibleName(tr("Notes, waveform, spectrogram and experts"));
  setFocusPolicy(Qt::StrongFocus);
  setMinimumSize(320, 220);
}

double SoundView::seconds() const {
  return version_ ? version_->seconds() : 0;
}

void SoundView::show_version(std::shared_ptr<const Version> version) {
  version_ = std::move(version);
  set_playhead(std::min(playhead_, seconds()));
  update();
}

void SoundView::set_playhead(double seconds) {
  playhead_ = std::clamp(seconds, 0.0, std::max(0.0, this->seconds()));
  update();
}

void SoundView::set_titled(bool titled) {
  titled_ = titled;
  update();
}

double SoundView::seconds_at(double x) const {
  return width() > 0 ? std::clamp(x / width(), 0.0, 1.0) * seconds() : 0;
}

void SoundView::mousePressEvent(QMouseEvent* event) {
  if (event->button() == Qt::LeftButton && version_) Q_EMIT sought(seconds_at(event->position().x()));
}

void SoundView::mouseMoveEvent(QMouseEvent* event) {
  if (event->buttons() & Qt::LeftButton && version_) Q_EMIT sought(seconds_at(event->position().x()));
}

void SoundView::changeEvent(QEvent* event) {
  QWidget::changeEvent(event);
  if (event->type() == QEvent::PaletteChange) update();
}

void SoundView::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  draw(painter, size());
}

void SoundView::draw(QPainter& painter, const QSize& size) const {
  painter.setRenderHint(QPainter::Antialiasing);
  painter.fillRect(QRect({0, 0}, size), palette().color(QPalette::Base));
  if (!version_) {
    painter.setPen(muted(palette()));
    painter.drawText(QRect({0, 0}, size), Qt::AlignCenter,
                     tr("What is made is shown here: its notes, its waveform, its spectrogram"));
    return;
  }
  const double strips = strips_height(size.height()), height = size.height() - kAxis - strips;
  double top = 0;
  const bool notes = !version_->notes.empty(), wave = !version_->sound.samples.empty();
  const double roll = notes ? (wave ? height * 0.4 : height) : 0;
  if (notes) draw_notes(painter, {0, 0, double(size.width()), roll - (wave ? kBandGap : 0)});
  top += roll;
  if (wave) {
    const double half = (height - top) / 2;
    draw_wave(painter, {0, top, double(size.width()), half - kBandGap});
    painter.drawImage(QRectF(0, top + half, size.width(), half), version_->spectrogram);
  }
  painter.setPen(muted(palette()));
  const double all = seconds();
  for (double at = 0, step = tick_step(all, size.width()); at <= all && all > 0; at += step) {
    const double x = at / all * size.width();
    painter.drawLine(QPointF(x, height), QPointF(x, height + 4));
    painter.drawText(QPointF(x + 3, height + kAxis - 5), tr("%1 s").arg(at));
  }
  if (strips > 0) draw_routing(painter, {0, height + kAxis, double(size.width()), strips});
  if (all > 0) {
    const double x = playhead_ / all * size.width();
    painter.setPen(QPen(status_color("failed"), 2));
    painter.drawLine(QPointF(x, 0), QPointF(x, height));
    if (strips > 0) painter.drawLine(QPointF(x, height + kAxis), QPointF(x, size.height()));
  }
  if (titled_) {
    const QRectF title =
        painter.boundingRect(QRectF(0, 2, size.width() - 6, 20), Qt::AlignRight, version_->title);
    QColor behind = palette().color(QPalette::Base);
    behind.setAlpha(200);
    painter.fillRect(title.adjusted(-4, -1, 4, 1), behind);
    painter.setPen(palette().color(QPalette::WindowText));
    painter.drawText(title, Qt::AlignRight, version_->title);
  }
  if (!version_->error.isEmpty()) {
    painter.setPen(palette().color(QPalette::WindowText));
    painter.drawText(QRectF(0, 0, size.width(), height), Qt::AlignCenter | Qt::TextWordWrap,
                     "⚠ " + version_->error);
  }
}

void SoundView::draw_notes(QPainter& painter, const QRectF& place) const {
  int low = 127, high = 0;
  for (const RollNote& note : version_->notes) {
    low = std::min(low, note.key);
    high = std::max(high, note.key);
  }
  low -= 2;
  high += 2;
  const double row = place.height() / (high - low + 1), all = seconds();
  const auto y_of = [&](int key) { return place.bottom() - (key - low + 1) * row; };
  for (int key = low; key <= high; ++key) {
    const bool black = QList<int>{1, 3, 6, 8, 10}.contains(((key % 12) + 12) % 12);
    if (black)
      painter.fillRect(QRectF(0, y_of(key), place.width(), row), palette().color(QPalette::AlternateBase));
  }
  for (int key = low + (120 - low) % 12; key <= high; key += 12) {
    const double y = y_of(key) + row;
    painter.setPen(QPen(palette().color(QPalette::Mid), 1));
    painter.drawLine(QPointF(0, y), QPointF(place.width(), y));
    painter.setPen(muted(palette()));
    if (y > place.top() + 14) painter.drawText(QPointF(3, y - 2), QString("C%1").arg(key / 12 - 1));
  }
  for (const RollNote& note : version_->notes) {
    const QRectF box(note.begin / all * place.width(), y_of(note.key) + 0.5,
                     std::max(2.0, (note.end - note.begin) / all * place.width() - 1),
                     std::max(1.5, row - 1));
    painter.setPen(QPen(palette().color(QPalette::Base), 0.5));
    painter.setBrush(series_color(note.part));
    painter.drawRoundedRect(box, 2, 2);
  }
}

double SoundView::strips_height(double height) const {
  if (!version_ || seconds() <= 0) return 0;
  const auto layers = static_cast<double>(version_->routing.layers.size());
  return std::min(layers * (kStrip + kStripGap), height * kMostStrips);
}

// A row a layer; in each frame its experts above each other, as high as their share of the weight. What null
// experts took is left white: there the model thinks little.
void SoundView::draw_routing(QPainter& painter, const QRectF& place) const {
  const TimedRouting& routing = version_->routing;
  const double row = place.height() / static_cast<double>(routing.layers.size()), all = seconds();
  const bool named = row >= painter.fontMetrics().height() - 2;
  for (size_t l = 0; l < routing.layers.size(); ++l) {
    const RoutingStrip& layer = routing.layers[l];
    const QRectF area(0, place.top() + static_cast<double>(l) * row, place.width(), row - kStripGap);
    painter.setRenderHint(QPainter::Antialiasing, false);
    painter.fillRect(area, palette().color(QPalette::AlternateBase));
    for (size_t f = 0; f < layer.weights.size(); ++f) {
      const double left = routing.times[f] / all * place.width(),
                   right = routing.times[f + 1] / all * place.width();
      double y = area.bottom(), sum = 0;
      for (const float weight : layer.weights[f]) sum += std::max(0.0F, weight);
      for (size_t e = 0; e < layer.weights[f].size(); ++e) {
        const double high = sum > 0 ? std::max(0.0F, layer.weights[f][e]) / sum * area.height() : 0;
        const bool null = static_cast<int>(e) >= layer.experts;
        if (high > 0)
          painter.fillRect(QRectF(left, y - high, std::max(0.6, right - left), high),
                           null ? QColor(Qt::white) : expert_color(static_cast<int>(e), layer.experts));
        y -= high;
      }
    }
    painter.setRenderHint(QPainter::Antialiasing);
    if (!named) continue;
    const QRectF label(2, area.top(), painter.fontMetrics().horizontalAdvance(layer.name) + 8, area.height());
    QColor behind = palette().color(QPalette::Base);
    behind.setAlpha(200);
    painter.fillRect(label, behind);
    painter.setPen(palette().color(QPalette::WindowText));
    painter.drawText(label, Qt::AlignCenter, layer.name);
  }
}

QString SoundView::routing_at(const QPointF& point) const {
  const double strips = strips_height(height()), top = height() - strips;
  if (strips <= 0 || point.y() < top) return {};
  const TimedRouting& routing = version_->routing;
  const auto layers = routing.layers.size();
  const auto l = std::min(layers - 1, static_cast<size_t>((point.y() - top) / strips * double(layers)));
  const RoutingStrip& layer = routing.layers[l];
  const double at = seconds_at(point.x());
  const auto after = std::upper_bound(routing.times.begin(), routing.times.end(), at);
  const auto frame = after - routing.times.begin() - 1;
  if (frame < 0 || frame >= std::ssize(layer.weights)) return {};
  QStringList parts;
  for (size_t e = 0; e < layer.weights[static_cast<size_t>(frame)].size(); ++e) {
    const float weight = layer.weights[static_cast<size_t>(frame)][e];
    if (weight <= 0) continue;
    const bool null = static_cast<int>(e) >= layer.experts;
    parts << (null ? tr("no expert") : tr("expert %1").arg(e)) + " " + QString::number(weight, 'f', 2);
  }
  return parts.isEmpty() ? QString()
                         : layer.name + ", " + tr("%1 s").arg(at, 0, 'f', 2) + ": " + parts.join(", ");
}

bool SoundView::event(QEvent* event) {
  if (event->type() != QEvent::ToolTip) return QWidget::event(event);
  const auto* help = static_cast<QHelpEvent*>(event);
  QToolTip::showText(help->globalPos(), routing_at(help->pos()), this);
  return true;
}

void SoundView::draw_wave(QPainter& painter, const QRectF& whole) const {
  const QRectF place = whole.adjusted(0, version_->words.empty() ? 0 : kWords, 0, 0);
  const auto outline = outline_of(version_->sound, static_cast<int>(place.width()));
  const double middle = place.center().y(), half = place.height() / 2;
  float most = 0.05f;
  for (const auto& [low, high] : outline) most = std::max({most, -low, high});
  painter.setPen(QPen(palette().color(QPalette::Highlight), 1));
  for (size_t x = 0; x < outline.size(); ++x) {
    const double at = static_cast<double>(x) + 0.5;
    painter.drawLine(QPointF(at, middle - outline[x].second / most * half),
                     QPointF(at, middle - outline[x].first / most * half + 0.5));
  }
  painter.setPen(palette().color(QPalette::WindowText));
  const double all = seconds();
  for (const SpokenWord& word : version_->words)
    painter.drawText(QRectF(word.begin / all * place.width() + 3, whole.top() + 2,
                            std::max(40.0, (word.end - word.begin) / all * place.width()), kWords),
                     Qt::AlignLeft, word.text);
}

}  // namespace conclave::ui
