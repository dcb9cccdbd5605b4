#include "ui/audio/sound_view.h"

#include <QEvent>
#include <QMouseEvent>
#include <QPainter>
#include <algorithm>
#include <cmath>

#include "ui/theme/theme.h"

namespace conclave::ui {
namespace {

constexpr int kBandGap = 8, kAxis = 22, kWords = 20;

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
  setAccessibleName(tr("Notes, waveform and spectrogram"));
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
  const double height = size.height() - kAxis;
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
    painter.drawText(QPointF(x + 3, size.height() - 5), tr("%1 s").arg(at));
  }
  if (all > 0) {
    const double x = playhead_ / all * size.width();
    painter.setPen(QPen(status_color("failed"), 2));
    painter.drawLine(QPointF(x, 0), QPointF(x, height));
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
