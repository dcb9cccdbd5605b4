#include "ui/plots/heat_map.h"

#include <QHelpEvent>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QToolTip>
#include <algorithm>

#include "ui/data/format.h"
#include "ui/data/text_table_model.h"
#include "ui/theme/theme.h"

namespace conclave::ui {
namespace {

constexpr int kTitle = 26, kLabels = 22, kScale = 34, kGap = 18, kPad = 12;
constexpr int kTextWidth = 44, kTextHeight = 18;  // a cell so large shows its number
constexpr int kWidestCell = 110, kHighestCell = 64;
constexpr double kLeastEdged = 10;  // a cell so large has an edge when it is split

int label_width(const QFontMetrics& metrics, const std::vector<Matrix>& matrices) {
  int width = 0;
  for (const QString& row : matrices.front().rows) width = std::max(width, metrics.horizontalAdvance(row));
  return std::min(width, 140) + 8;
}

// So that one sees which halves are of one cell.
void draw_cell_edges(QPainter& painter, const QRect& area, const Matrix& matrix, const QColor& color) {
  const double w = area.width() / static_cast<double>(matrix.columns.size());
  const double h = area.height() / static_cast<double>(matrix.rows.size());
  if (matrix.below.empty() || w < kLeastEdged || h < kLeastEdged) return;
  painter.setPen(QPen(color, 3));
  for (int r = 1; r < matrix.rows.size(); ++r)
    painter.drawLine(QPointF(area.left(), area.y() + r * h), QPointF(area.right(), area.y() + r * h));
  painter.setPen(QPen(color, 1));
  for (int c = 1; c < matrix.columns.size(); ++c)
    painter.drawLine(QPointF(area.x() + c * w, area.top()), QPointF(area.x() + c * w, area.bottom()));
}

}  // namespace

HeatMap::HeatMap(QWidget* parent) : QWidget(parent) {
  setMinimumSize(260, 180);
  setMouseTracking(true);
  setFocusPolicy(Qt::StrongFocus);
  setAccessibleName(tr("Heat map"));
}

void HeatMap::set_matrices(std::vector<Matrix> matrices, ColorMap map) {
  matrices_ = std::move(matrices);
  map_ = map;
  largest_ = 0;
  for (const Matrix& matrix : matrices_)
    for (const auto* values : {&matrix.values, &matrix.below})
      for (const double value : *values)
        if (!std::isnan(value)) largest_ = std::max(largest_, std::abs(value));
  if (largest_ == 0) largest_ = 1;
  images_.clear();
  for (const Matrix& matrix : matrices_) {
    const int parts = matrix.below.empty() ? 1 : 2;  // pixels of a cell, one below the other
    QImage image(std::max<int>(1, static_cast<int>(matrix.columns.size())),
                 std::max<int>(1, parts * static_cast<int>(matrix.rows.size())), QImage::Format_ARGB32);
    image.fill(Qt::transparent);
    const auto fill = [&](int column, int line, double value) {
      if (!std::isnan(value)) image.setPixelColor(column, line, color_of(value));
    };
    for (int row = 0; row < matrix.rows.size(); ++row)
      for (int column = 0; column < matrix.columns.size(); ++column) {
        fill(column, parts * row, matrix.at(row, column));
        if (parts > 1) fill(column, parts * row + 1, matrix.below_at(row, column));
      }
    images_.push_back(image);
  }
  if (chosen_ && !has(*chosen_)) choose(std::nullopt);
  update();
}

void HeatMap::name_halves(const QString& upper, const QString& lower) {
  upper_ = upper;
  lower_ = lower;
}

bool HeatMap::split() const {
  return std::any_of(matrices_.begin(), matrices_.end(), [](const Matrix& m) { return !m.below.empty(); });
}

QColor HeatMap::color_of(double value) const {
  return map_color(map_, map_ == ColorMap::viridis ? value / largest_ : 0.5 + 0.5 * value / largest_);
}

// The cells of each matrix.
std::vector<QRect> HeatMap::areas(const QSize& size) const {
  std::vector<QRect> all;
  if (matrices_.empty()) return all;
  const int labels = label_width(fontMetrics(), matrices_);
  const auto count = static_cast<int>(matrices_.size());
  const int width = (size.width() - 2 * kPad - labels - kGap * (count - 1)) / count;
  const int height = size.height() - 2 * kPad - kTitle - kLabels - kScale;
  for (int i = 0; i < count; ++i) {
    const Matrix& matrix = matrices_[static_cast<size_t>(i)];
    const int w = std::min(width, kWidestCell * static_cast<int>(matrix.columns.size()));
    const int h = std::min(height, kHighestCell * static_cast<int>(matrix.rows.size()));
    const int x = all.empty() ? kPad + labels : all.back().right() + 1 + kGap;
    all.emplace_back(x, kPad + kTitle, std::max(1, w), std::max(1, h));
  }
  return all;
}

void HeatMap::draw(QPainter& painter, const QSize& size) const {
  const auto where = areas(size);
  for (size_t i = 0; i < where.size(); ++i) {
    const QRect& area = where[i];
    const Matrix& matrix = matrices_[i];
    const auto columns = static_cast<int>(matrix.columns.size()), rows = static_cast<int>(matrix.rows.size());
    if (columns == 0 || rows == 0) continue;
    painter.setRenderHint(QPainter::SmoothPixmapTransform, false);
    painter.drawImage(area, images_[i]);
    draw_cell_edges(painter, area, matrix, palette().color(QPalette::Base));
    painter.setPen(palette().color(QPalette::Text));
    painter.drawText(QRect(area.x(), area.y() - kTitle, area.width(), kTitle), Qt::AlignVCenter,
                     matrix.title);
    const double w = area.width() / static_cast<double>(columns),
                 h = area.height() / static_cast<double>(rows);
    painter.setPen(muted(palette()));
    const int every = std::max(1, static_cast<int>(std::ceil(24 / w)));
    for (int c = 0; c < columns; c += every)
      painter.drawText(QRectF(area.x() + c * w, area.bottom() + 3, w * every, kLabels),
                       Qt::AlignHCenter | Qt::AlignTop, matrix.columns[c]);
    const int every_row = std::max(1, static_cast<int>(std::ceil(16 / h)));
    for (int r = 0; i == 0 && r < rows; r += every_row)
      painter.drawText(QRectF(kPad, area.y() + r * h, area.x() - kPad - 8, h),
                       Qt::AlignRight | Qt::AlignVCenter, matrix.rows[r]);
    draw_numbers(painter, area, matrix);
  }
  if (where.empty()) return;
  const QRect scale(where[0].x(), where[0].bottom() + kLabels + 8, std::min(260, size.width() / 2), 10);
  draw_scale(painter, scale);
  if (split())
    painter.drawText(
        QRect(scale.right() + kGap, scale.y() - 4, size.width() - scale.right() - kGap - kPad, kScale),
        Qt::AlignLeft | Qt::AlignTop | Qt::TextWordWrap, tr("above: %1\nbelow: %2").arg(upper_, lower_));
}

// Where the cells are large enough to hold them.
void HeatMap::draw_numbers(QPainter& painter, const QRect& area, const Matrix& matrix) const {
  const int parts = matrix.below.empty() ? 1 : 2;
  const double w = area.width() / static_cast<double>(matrix.columns.size());
  const double h = area.height() / static_cast<double>(matrix.rows.size()) / parts;
  if (w < kTextWidth || h < kTextHeight) return;
  for (int line = 0; line < parts * matrix.rows.size(); ++line)
    for (int c = 0; c < matrix.columns.size(); ++c) {
      const double value = line % parts == 0 ? matrix.at(line / parts, c) : matrix.below_at(line / parts, c);
      if (std::isnan(value)) continue;
      painter.setPen(ink_on(color_of(value)));
      painter.drawText(QRectF(area.x() + c * w, area.y() + line * h, w, h), Qt::AlignCenter,
                       QString::number(value, 'f', 2));
    }
}

void HeatMap::draw_scale(QPainter& painter, const QRect& area) const {
  for (int x = 0; x < area.width(); ++x)
    painter.fillRect(QRect(area.x() + x, area.y(), 1, area.height()),
                     map_color(map_, x / static_cast<double>(area.width() - 1)));
  painter.setPen(muted(palette()));
  const QRect below = area.translated(0, area.height()).adjusted(0, 0, 0, 8);
  painter.drawText(below, Qt::AlignLeft, number_text(map_ == ColorMap::viridis ? 0 : -largest_));
  painter.drawText(below, Qt::AlignRight, number_text(largest_));
}

void HeatMap::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  painter.setPen(QPen(palette().color(QPalette::Mid)));
  painter.setBrush(palette().brush(QPalette::Base));
  painter.setRenderHint(QPainter::Antialiasing);
  painter.drawRoundedRect(rect().adjusted(0, 0, -1, -1), 8, 8);
  painter.setRenderHint(QPainter::Antialiasing, false);
  draw(painter, size());
  draw_chosen(painter);
}

std::optional<HeatMap::Cell> HeatMap::cell_at(const QPoint& point) const {
  const auto where = areas(size());
  for (size_t i = 0; i < where.size(); ++i) {
    if (!where[i].contains(point)) continue;
    const Matrix& matrix = matrices_[i];
    return Cell{static_cast<int>(i),
                static_cast<int>((point.y() - where[i].y()) * matrix.rows.size() / where[i].height()),
                static_cast<int>((point.x() - where[i].x()) * matrix.columns.size() / where[i].width())};
  }
  return std::nullopt;
}

QString HeatMap::text_at(const QPoint& point) const {
  const auto cell = cell_at(point);
  if (!cell) return {};
  const Matrix& matrix = matrices_[static_cast<size_t>(cell->matrix)];
  const QString text = QString("%1, %2, %3: %4")
                           .arg(matrix.title, matrix.rows[cell->row], matrix.columns[cell->column],
                                number_text(matrix.at(cell->row, cell->column)));
  if (matrix.below.empty()) return text;
  return tr("%1 (%2), %3 (%4)")
      .arg(text, upper_, number_text(matrix.below_at(cell->row, cell->column)), lower_);
}

bool HeatMap::has(const Cell& cell) const {
  if (cell.matrix < 0 || static_cast<size_t>(cell.matrix) >= matrices_.size()) return false;
  const Matrix& matrix = matrices_[static_cast<size_t>(cell.matrix)];
  return cell.row >= 0 && cell.row < matrix.rows.size() && cell.column >= 0 &&
         cell.column < matrix.columns.size();
}

void HeatMap::choose(std::optional<Cell> cell) {
  if (cell && !has(*cell)) cell.reset();
  if (cell == chosen_) return;
  chosen_ = cell;
  update();
  Q_EMIT cell_chosen();
}

void HeatMap::draw_chosen(QPainter& painter) const {
  if (!chosen_) return;
  const QRect area = areas(size())[static_cast<size_t>(chosen_->matrix)];
  const Matrix& matrix = matrices_[static_cast<size_t>(chosen_->matrix)];
  const double w = area.width() / static_cast<double>(matrix.columns.size()),
               h = area.height() / static_cast<double>(matrix.rows.size());
  painter.setPen(QPen(palette().color(QPalette::Highlight), 3));
  painter.setBrush(Qt::NoBrush);
  painter.drawRect(QRectF(area.x() + chosen_->column * w, area.y() + chosen_->row * h, w, h));
}

void HeatMap::mousePressEvent(QMouseEvent* event) {
  QWidget::mousePressEvent(event);
  if (event->button() == Qt::LeftButton) choose(cell_at(event->pos()));
}

void HeatMap::keyPressEvent(QKeyEvent* event) {
  const int across = event->key() == Qt::Key_Right ? 1 : event->key() == Qt::Key_Left ? -1 : 0;
  const int down = event->key() == Qt::Key_Down ? 1 : event->key() == Qt::Key_Up ? -1 : 0;
  if (across == 0 && down == 0) return QWidget::keyPressEvent(event);
  Cell cell = chosen_.value_or(Cell{});
  if (chosen_) {
    cell.row += down;
    cell.column += across;
    if (across > 0 && !has(cell)) cell = {cell.matrix + 1, cell.row, 0};
    if (across < 0 && cell.column < 0 && cell.matrix > 0)
      cell = {cell.matrix - 1, cell.row,
              static_cast<int>(matrices_[static_cast<size_t>(cell.matrix) - 1].columns.size()) - 1};
  }
  if (has(cell)) choose(cell);
}

bool HeatMap::event(QEvent* event) {
  if (event->type() != QEvent::ToolTip) return QWidget::event(event);
  const auto* help = static_cast<QHelpEvent*>(event);
  QToolTip::showText(help->globalPos(), text_at(help->pos()), this);
  return true;
}

QString HeatMap::csv() const {
  QStringList heads{"block", "row", "column", split() ? upper_ : QString("value")};
  if (split()) heads << lower_;
  QString text = csv_line(heads);
  for (const Matrix& matrix : matrices_)
    for (int r = 0; r < matrix.rows.size(); ++r)
      for (int c = 0; c < matrix.columns.size(); ++c) {
        QStringList cells{matrix.title, matrix.rows[r], matrix.columns[c],
                          QString::number(matrix.at(r, c), 'g', 9)};
        if (split()) cells << QString::number(matrix.below_at(r, c), 'g', 9);
        text += csv_line(cells);
      }
  return text;
}

}  // namespace conclave::ui
