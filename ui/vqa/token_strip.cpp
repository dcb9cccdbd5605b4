#include "ui/vqa/token_strip.h"

#include <QAccessible>
#include <QHelpEvent>
#include <QPainter>
#include <QToolTip>
#include <algorithm>

#include "ui/theme/theme.h"

namespace conclave::ui {
namespace {

constexpr int kWordPad = 7, kWordGap = 5, kLongestWord = 40;
constexpr double kWordTint = 0.38;

QFont small(QFont font) {
  font.setPointSizeF(font.pointSizeF() * 0.8);
  return font;
}

// Never colour alone.
QString label_of(const RoutedToken& token) {
  return token.first() < 0 ? QString("–") : QString("e%1").arg(token.first());
}

QString part_name(const QString& part) {
  return part == "question" ? TokenStrip::tr("question") : part == "answer" ? TokenStrip::tr("answer") : part;
}

}  // namespace

QString shown_word(const QString& word) {
  QString text = word;
  text.replace('\n', u'↵').replace('\t', u'→');
  const QString bare = text.trimmed();
  if (bare.isEmpty()) return text.isEmpty() ? QString("∅") : QString(text.size(), u'·');
  return bare.size() > kLongestWord ? bare.left(kLongestWord - 1) + "…" : bare;
}

TokenStrip::TokenStrip(QWidget* parent) : QWidget(parent) {
  setObjectName("routing.tokens");
  setAccessibleName(tr("Words by expert"));
  setFocusPolicy(Qt::StrongFocus);
  QSizePolicy policy(QSizePolicy::Preferred, QSizePolicy::Preferred);
  policy.setHeightForWidth(true);
  setSizePolicy(policy);
}

void TokenStrip::set_tokens(std::vector<RoutedToken> tokens, int experts) {
  tokens_ = std::move(tokens);
  experts_ = experts;
  if (static_cast<size_t>(chosen_ + 1) > tokens_.size()) chosen_ = -1;
  updateGeometry();
  update();
}

void TokenStrip::choose(int token) {
  if (token >= static_cast<int>(tokens_.size())) token = -1;
  if (token == chosen_) return;
  chosen_ = token;
  update();
  if (token >= 0) {
    const RoutedToken& chosen = tokens_[static_cast<size_t>(token)];
    setAccessibleDescription(shown_word(chosen.word) + ": " + choices_text(chosen.choices));
    QAccessibleEvent changed(this, QAccessible::DescriptionChanged);
    QAccessible::updateAccessibility(&changed);
  }
  Q_EMIT token_chosen(token);
}

void TokenStrip::show_experts(const std::set<int>& experts) {
  shown_ = experts;
  update();
}

QColor TokenStrip::color_of(int token) const {
  return expert_color(tokens_.at(static_cast<size_t>(token)).first(), experts_);
}

TokenStrip::Layout TokenStrip::layout_in(int width) const {
  Layout layout;
  const QFontMetrics words(font()), labels(small(font()));
  const int row = words.height() + labels.height() + kWordPad;
  int x = 0, y = 0;
  QString part;
  for (const RoutedToken& token : tokens_) {
    if (token.part != part) {
      if (!part.isEmpty()) y += row + kWordGap;
      part = token.part;
      layout.heads.emplace_back(QRect(0, y, width, labels.height() + 2), part_name(part));
      y += labels.height() + 4;
      x = 0;
    }
    const int wide =
        std::max(words.horizontalAdvance(shown_word(token.word)), labels.horizontalAdvance(label_of(token))) +
        2 * kWordPad;
    if (x > 0 && x + wide > width) {
      x = 0;
      y += row + kWordGap;
    }
    layout.words.emplace_back(x, y, wide, row);
    x += wide + kWordGap;
  }
  layout.height = tokens_.empty() ? 0 : y + row + 2;
  return layout;
}

int TokenStrip::heightForWidth(int width) const {
  return layout_in(width).height;
}

QRect TokenStrip::area_of(int token, int width) const {
  return layout_in(width).words.at(static_cast<size_t>(token));
}

int TokenStrip::token_at(const QPoint& point) const {
  const auto words = layout_in(width()).words;
  const auto found =
      std::find_if(words.begin(), words.end(), [&](const QRect& r) { return r.contains(point); });
  return found == words.end() ? -1 : static_cast<int>(found - words.begin());
}

void TokenStrip::draw(QPainter& painter, int width) const {
  const Layout layout = layout_in(width);
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setPen(muted(palette()));
  painter.setFont(small(font()));
  for (const auto& [area, text] : layout.heads) painter.drawText(area, Qt::AlignLeft | Qt::AlignTop, text);
  for (size_t i = 0; i < tokens_.size(); ++i) {
    const QRectF area = QRectF(layout.words[i]).adjusted(1, 1, -1, -1);
    QColor color = color_of(static_cast<int>(i));
    const bool chosen = static_cast<int>(i) == chosen_;
    const bool shown = shown_.empty() || choice_among(tokens_[i].choices, shown_);
    painter.setPen(chosen  ? QPen(palette().color(QPalette::Text), 2.5)
                   : shown ? QPen(color, 1)
                           : QPen(palette().color(QPalette::Mid), 1));
    color.setAlphaF(shown ? kWordTint : 0);
    painter.setBrush(color);
    painter.drawRoundedRect(area, 5, 5);
    painter.setPen(shown ? palette().color(QPalette::Text) : muted(palette()));
    painter.setFont(font());
    painter.drawText(area.adjusted(kWordPad - 1, kWordPad / 2.0 - 1, 0, 0), Qt::AlignLeft | Qt::AlignTop,
                     shown_word(tokens_[i].word));
    painter.setFont(small(font()));
    painter.drawText(area.adjusted(kWordPad - 1, 0, 0, -kWordPad / 2.0 + 1), Qt::AlignLeft | Qt::AlignBottom,
                     label_of(tokens_[i]));
  }
}

void TokenStrip::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  draw(painter, width());
  if (!hasFocus() || chosen_ >= 0 || tokens_.empty()) return;
  painter.setPen(QPen(palette().color(QPalette::Highlight), 1, Qt::DashLine));  // where the keyboard is
  painter.setBrush(Qt::NoBrush);
  painter.drawRect(rect().adjusted(0, 0, -1, -1));
}

void TokenStrip::mousePressEvent(QMouseEvent* event) {
  QWidget::mousePressEvent(event);
  if (event->button() == Qt::LeftButton) choose(token_at(event->pos()));
}

void TokenStrip::keyPressEvent(QKeyEvent* event) {
  const int count = static_cast<int>(tokens_.size());
  int next = chosen_;
  switch (event->key()) {
    case Qt::Key_Right:
    case Qt::Key_Down:
      next = std::min(chosen_ + 1, count - 1);
      break;
    case Qt::Key_Left:
    case Qt::Key_Up:
      next = std::max(chosen_ - 1, 0);
      break;
    case Qt::Key_Home:
      next = 0;
      break;
    case Qt::Key_End:
      next = count - 1;
      break;
    default:
      return QWidget::keyPressEvent(event);
  }
  if (count > 0) choose(next);
}

bool TokenStrip::event(QEvent* event) {
  if (event->type() != QEvent::ToolTip) return QWidget::event(event);
  const auto* help = static_cast<QHelpEvent*>(event);
  const int token = token_at(help->pos());
  if (token < 0) {
    QToolTip::hideText();
  } else {
    const RoutedToken& shown = tokens_[static_cast<size_t>(token)];
    QToolTip::showText(help->globalPos(), shown_word(shown.word) + ": " + choices_text(shown.choices), this);
  }
  return true;
}

}  // namespace conclave::ui
