#include "ui/plots/spark_lines.h"

#include <QPainter>
#include <QPainterPath>
#include <QTimer>
#include <algorithm>
#include <cmath>

#include "ui/theme/theme.h"

namespace conclave::ui {
namespace {

constexpr int kMostKept = 4000, kColumns = 40;
constexpr int kLeast = 24, kMostWide = 64, kMargin = 6;  // pixels

QPainterPath spark_path(const std::vector<double>& values, const QRectF& area) {
  double low = INFINITY, high = -INFINITY;
  for (const double value : values)
    if (std::isfinite(value)) low = std::min(low, value), high = std::max(high, value);
  QPainterPath path;
  bool down = false;
  for (size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i])) {
      down = false;
      continue;
    }
    const double share = high > low ? (values[i] - low) / (high - low) : 0.5;
    const QPointF at(
        area.left() + area.width() * static_cast<double>(i) / static_cast<double>(values.size() - 1),
        area.bottom() - share * area.height());
    down ? path.lineTo(at) : path.moveTo(at);
    down = true;
  }
  return path;
}

}  // namespace

SparkLines::SparkLines(HistoryThread& history, QTableView& table)
    : QStyledItemDelegate(&table), history_(history), table_(table), lines_(kMostKept) {
  table.setItemDelegate(this);
}

// Rows are chosen, so a frame around one cell says nothing.
void SparkLines::initStyleOption(QStyleOptionViewItem* option, const QModelIndex& index) const {
  QStyledItemDelegate::initStyleOption(option, index);
  option->state &= ~QStyle::State_HasFocus;
}

void SparkLines::paint(QPainter* painter, const QStyleOptionViewItem& option,
                       const QModelIndex& index) const {
  QStyledItemDelegate::paint(painter, option, index);
  const QVariant told = index.data(kSparkRole);
  if (!told.canConvert<SparkSource>()) return;
  const auto source = told.value<SparkSource>();
  if (source.points < 2) return;
  const int text = option.fontMetrics.horizontalAdvance(index.data().toString());
  const int width = std::min(kMostWide, option.rect.width() - text - 4 * kMargin);
  if (width < kLeast) return;
  const Line* line = lines_.object({source.run, source.metric});
  if (!line || line->points != source.points) want(source);
  if (!line || line->values.size() < 2) return;
  const bool chosen = option.state & QStyle::State_Selected;
  painter->save();
  painter->setRenderHint(QPainter::Antialiasing);
  painter->setPen(QPen(chosen ? option.palette.color(QPalette::HighlightedText) : series_color(0), 1.2));
  const QRectF area(option.rect.left() + kMargin, option.rect.top() + 8, width, option.rect.height() - 16);
  painter->drawPath(spark_path(line->values, area));
  painter->restore();
}

void SparkLines::want(const SparkSource& source) const {
  auto* self = const_cast<SparkLines*>(this);
  if (wanted_.isEmpty() && !busy_) QTimer::singleShot(0, self, &SparkLines::read);
  wanted_[{source.run, source.metric}] = source.points;
}

void SparkLines::read() {
  if (busy_ || wanted_.isEmpty()) return;
  busy_ = true;
  using Read = std::vector<std::pair<Key, Line>>;
  history_.ask(
      this, question_,
      [wanted = std::exchange(wanted_, {})](const Store& store) {
        Read lines;
        for (auto it = wanted.cbegin(); it != wanted.cend(); ++it) {
          Line line{{}, it.value()};
          for (const Bucket& bucket : store.outline(it.key().first, it.key().second.toStdString(), kColumns))
            line.values.push_back(bucket.mean);
          lines.emplace_back(it.key(), std::move(line));
        }
        return lines;
      },
      [this](Answer<Read> answer) {
        busy_ = false;
        wanted_.clear();  // what is still seen without its curve says so when it is painted again
        if (!answer.value) return;
        for (auto& [key, line] : *answer.value) lines_.insert(key, new Line(std::move(line)));
        table_.viewport()->update();
      });
}

}  // namespace conclave::ui
