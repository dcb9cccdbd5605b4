#include "ui/vqa/answer_model.h"

#include <QPainter>
#include <cmath>

#include "ui/theme/theme.h"

namespace conclave::ui {
namespace {

constexpr size_t kOthersShown = 4;
constexpr double kLeastShown = 0.005;
constexpr int kPad = 12, kLine = 24, kBar = 6;

const Exchange& exchange_of(const QModelIndex& index) {
  return static_cast<const AnswerModel*>(index.model())->at(index.row());
}

size_t shown_choices(const VqaAnswer& answer) {
  size_t shown = 0;
  while (shown < answer.top.size() && shown < kOthersShown &&
         (shown == 0 || answer.top[shown].second >= kLeastShown))
    ++shown;
  return shown;
}

}  // namespace

void AnswerModel::add(Exchange exchange) {
  if (exchanges_.size() == kMost) {
    beginRemoveRows({}, 0, 0);
    exchanges_.erase(exchanges_.begin());
    endRemoveRows();
  }
  const int row = rowCount();
  beginInsertRows({}, row, row);
  exchanges_.push_back(std::move(exchange));
  endInsertRows();
}

void AnswerModel::update_last(const std::function<void(Exchange&)>& change) {
  if (exchanges_.empty()) return;
  change(exchanges_.back());
  const QModelIndex last = index(rowCount() - 1);
  Q_EMIT dataChanged(last, last);
}

int AnswerModel::rowCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : static_cast<int>(exchanges_.size());
}

QVariant AnswerModel::data(const QModelIndex& index, int role) const {
  if (!index.isValid() || (role != Qt::DisplayRole && role != Qt::AccessibleTextRole)) return {};
  const Exchange& exchange = at(index.row());
  const VqaAnswer& answer = exchange.answer;
  if (exchange.waiting) return tr("%1: asking").arg(answer.question);
  if (!answer.error.isEmpty()) return tr("%1: error: %2").arg(answer.question, answer.error);
  return tr("%1: %2, %3 %").arg(answer.question, answer.text).arg(std::round(100 * answer.confidence));
}

QSize AnswerDelegate::sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const {
  const Exchange& exchange = exchange_of(index);
  const int width = option.rect.width() > 0 ? option.rect.width() - 2 * kPad : 320;
  int height = 2 * kPad;
  const auto wrapped = [&](const QString& text) {
    return option.fontMetrics.boundingRect(QRect(0, 0, width - 20, 10000), Qt::TextWordWrap, text).height();
  };
  height += wrapped(exchange.answer.question) + 6;
  if (exchange.waiting)
    height += kLine;
  else if (!exchange.answer.error.isEmpty())
    height += wrapped(exchange.answer.error) + 4;
  else
    height += kLine * static_cast<int>(shown_choices(exchange.answer));
  if (!exchange.answer.warning.isEmpty()) height += wrapped(exchange.answer.warning) + 8;
  return {width, height};
}

void AnswerDelegate::paint(QPainter* painter, const QStyleOptionViewItem& option,
                           const QModelIndex& index) const {
  const Exchange& exchange = exchange_of(index);
  const VqaAnswer& answer = exchange.answer;
  painter->save();
  painter->setRenderHint(QPainter::Antialiasing);
  if (option.state & QStyle::State_Selected) {
    QColor chosen = option.palette.color(QPalette::Highlight);
    chosen.setAlpha(28);
    painter->fillRect(option.rect, chosen);
    painter->fillRect(QRect(option.rect.topLeft(), QSize(3, option.rect.height())),
                      option.palette.highlight());
  }
  QRect line = option.rect.adjusted(kPad, kPad, -kPad, -kPad);
  QRect used;
  painter->setPen(muted(option.palette));
  painter->drawText(line, Qt::TextWordWrap, answer.question, &used);
  line.setTop(used.bottom() + 6);
  if (exchange.waiting) {
    painter->drawText(line, AnswerModel::tr("asking…"));
  } else if (!answer.error.isEmpty()) {
    painter->setPen(status_color("failed"));
    painter->drawText(line, Qt::TextWordWrap, answer.error);
  } else {
    if (!answer.warning.isEmpty()) {
      painter->setPen(status_color("failed"));
      painter->drawText(line, Qt::TextWordWrap, "⚠ " + answer.warning, &used);
      line.setTop(used.bottom() + 8);
    }
    const int column = line.width() * 2 / 5;
    for (size_t i = 0; i < shown_choices(answer); ++i) {
      const auto& [text, probability] = answer.top[i];
      QFont font = option.font;
      font.setBold(i == 0);
      painter->setFont(font);
      painter->setPen(i == 0 ? option.palette.color(QPalette::Text) : muted(option.palette));
      const QRect row(line.x(), line.y() + static_cast<int>(i) * kLine, line.width(), kLine);
      painter->drawText(row.adjusted(0, 0, -(row.width() - column) - 8, 0), Qt::AlignVCenter,
                        QFontMetrics(font).elidedText(text.trimmed(), Qt::ElideRight, column - 8));
      const QRect bar(row.x() + column, row.center().y() - kBar / 2, row.width() - column - 56, kBar);
      painter->setPen(Qt::NoPen);
      painter->setBrush(option.palette.color(QPalette::Mid));
      painter->drawRoundedRect(bar, 3, 3);
      painter->setBrush(i == 0 ? option.palette.color(QPalette::Highlight) : muted(option.palette));
      painter->drawRoundedRect(QRect(bar.topLeft(), QSize(static_cast<int>(bar.width() * probability), kBar)),
                               3, 3);
      painter->setPen(i == 0 ? option.palette.color(QPalette::Text) : muted(option.palette));
      painter->drawText(row, Qt::AlignVCenter | Qt::AlignRight,
                        QString("%1 %").arg(100 * probability, 0, 'f', 1));
    }
  }
  painter->setPen(option.palette.color(QPalette::Mid));
  painter->drawLine(option.rect.bottomLeft(), option.rect.bottomRight());
  painter->restore();
}

}  // namespace conclave::ui
