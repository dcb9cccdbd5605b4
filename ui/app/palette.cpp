#include "ui/app/palette.h"

#include <QKeyEvent>
#include <QLineEdit>
#include <QListView>
#include <QPainter>
#include <QStyledItemDelegate>
#include <QVBoxLayout>
#include <algorithm>

#include "ui/theme/theme.h"

namespace conclave::ui {
namespace {

constexpr int kDetail = Qt::UserRole, kKey = Qt::UserRole + 1;
constexpr int kRunsShown = 8;

// Name at the left, what it is in weaker text beside it, the key at the right.
class ItemDelegate : public QStyledItemDelegate {
 public:
  using QStyledItemDelegate::QStyledItemDelegate;
  void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override {
    const bool chosen = option.state & QStyle::State_Selected;
    if (chosen) painter->fillRect(option.rect, option.palette.highlight());
    const QRect inner = option.rect.adjusted(12, 0, -12, 0);
    painter->setPen(option.palette.color(chosen ? QPalette::HighlightedText : QPalette::Text));
    const QString text = index.data().toString();
    painter->drawText(inner, Qt::AlignVCenter, text);
    if (!chosen) painter->setPen(muted(option.palette));
    painter->drawText(inner.adjusted(option.fontMetrics.horizontalAdvance(text) + 16, 0, 0, 0),
                      Qt::AlignVCenter, index.data(kDetail).toString());
    painter->drawText(inner, Qt::AlignVCenter | Qt::AlignRight, index.data(kKey).toString());
  }
  QSize sizeHint(const QStyleOptionViewItem&, const QModelIndex&) const override { return {200, 32}; }
};

}  // namespace

int PaletteModel::rowCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : static_cast<int>(items_.size());
}

QVariant PaletteModel::data(const QModelIndex& index, int role) const {
  if (!index.isValid()) return {};
  const Item& item = at(index.row());
  switch (role) {
    case Qt::DisplayRole:
      return item.text;
    case Qt::AccessibleTextRole:
      return item.text + ", " + item.detail;
    case kDetail:
      return item.detail;
    case kKey:
      return item.key;
    default:
      return {};
  }
}

void PaletteModel::set_items(std::vector<Item> items) {
  beginResetModel();
  items_ = std::move(items);
  endResetModel();
}

void PaletteModel::append(std::vector<Item> items) {
  if (items.empty()) return;
  beginInsertRows({}, rowCount(), rowCount() + static_cast<int>(items.size()) - 1);
  std::move(items.begin(), items.end(), std::back_inserter(items_));
  endInsertRows();
}

int match_score(const QString& wanted, const QString& text) {
  if (const auto whole = text.indexOf(wanted, 0, Qt::CaseInsensitive); whole >= 0)
    return 1000 - static_cast<int>(whole);
  int score = 0;
  qsizetype at = -1;
  for (const QChar c : wanted) {
    if (c.isSpace()) continue;
    const qsizetype next = text.indexOf(c, at + 1, Qt::CaseInsensitive);
    if (next < 0) return -1;
    const bool begins_word = next == 0 || !text[next - 1].isLetterOrNumber();
    score += begins_word ? 20 : next == at + 1 ? 10 : 1;
    at = next;
  }
  return score;
}

CommandPalette::CommandPalette(Context& context, QWidget* parent)
    : QDialog(parent, Qt::Popup | Qt::FramelessWindowHint),
      context_(context),
      edit_(new QLineEdit),
      list_(new QListView) {
  setObjectName("palette");
  edit_->setPlaceholderText(tr("Find a run, a page, an action"));
  edit_->setAccessibleName(edit_->placeholderText());
  edit_->installEventFilter(this);
  list_->setModel(&model_);
  list_->setItemDelegate(new ItemDelegate(list_));
  list_->setFocusPolicy(Qt::NoFocus);
  list_->setUniformItemSizes(true);
  auto* layout = new QVBoxLayout(this);
  layout->addWidget(edit_);
  layout->addWidget(list_);
  connect(edit_, &QLineEdit::textChanged, this, [this] { fill(); });
  connect(edit_, &QLineEdit::returnPressed, this, [this] { choose(); });
  connect(list_, &QListView::clicked, this, [this] { choose(); });
}

void CommandPalette::open_for(const QString& page) {
  page_ = page;
  edit_->clear();
  fill();
  const QRect window = parentWidget()->rect();
  resize(std::min(640, window.width() - 40), std::min(420, window.height() - 80));
  move(parentWidget()->mapToGlobal(QPoint((window.width() - width()) / 2, 56)));
  show();
  edit_->setFocus();
}

void CommandPalette::fill() {
  const QString wanted = edit_->text().trimmed();
  std::vector<std::pair<int, PaletteModel::Item>> found;
  for (const auto& [spec, action] : context_.actions.entries()) {
    if (!action->isEnabled() || (!spec.page.isEmpty() && spec.page != page_)) continue;
    const int score = match_score(wanted, action->text());
    if (score < 0) continue;
    found.push_back(
        {score,
         {action->text(), spec.page.isEmpty() ? QString() : tr("this page"),
          spec.key.toString(QKeySequence::NativeText), [action = action] { action->trigger(); }}});
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  std::vector<PaletteModel::Item> items;
  for (auto& [score, item] : found) items.push_back(std::move(item));
  model_.set_items(std::move(items));
  list_->setCurrentIndex(model_.index(0));
  if (wanted.isEmpty()) return;

  context_.history.ask(
      this, runs_,
      [text = wanted.toStdString()](const Store& store) {
        RunFilter filter = parse_filter(text);
        filter.limit = kRunsShown;
        return store.list(filter, std::vector<std::string>{});
      },
      [this](const Answer<std::vector<RunSummary>>& answer) {
        std::vector<PaletteModel::Item> runs;
        for (const RunSummary& run : answer.value.value_or(std::vector<RunSummary>())) {
          const auto name = QString::fromStdString(run.name.empty() ? run.app + " " + run.verb : run.name);
          runs.push_back({tr("Run %1: %2").arg(run.id).arg(name), QString::fromStdString(run.status), "",
                          [this, id = run.id] { Q_EMIT run_chosen(id); }});
        }
        model_.append(std::move(runs));
        if (!list_->currentIndex().isValid()) list_->setCurrentIndex(model_.index(0));
      });
}

void CommandPalette::choose() {
  const QModelIndex index = list_->currentIndex();
  if (!index.isValid()) return;
  const auto what = model_.at(index.row()).what;
  hide();
  what();
}

bool CommandPalette::eventFilter(QObject* watched, QEvent* event) {
  if (watched == edit_ && event->type() == QEvent::KeyPress) {
    const int key = static_cast<QKeyEvent*>(event)->key();
    if (key == Qt::Key_Up || key == Qt::Key_Down || key == Qt::Key_PageUp || key == Qt::Key_PageDown) {
      QCoreApplication::sendEvent(list_, event);
      return true;
    }
  }
  return QDialog::eventFilter(watched, event);
}

}  // namespace conclave::ui
