#include "ui/vqa/batch_model.h"

#include <QFileInfo>
#include <QFont>
#include <algorithm>

#include "ui/data/text_table_model.h"
#include "ui/theme/theme.h"

namespace conclave::ui {
namespace {

QString bare_names(const QStringList& files) {
  QStringList names;
  for (const QString& file : files) names << QFileInfo(file).fileName();
  return names.join(", ");
}

}  // namespace

bool is_right(const VqaAnswer& answer) {
  const QString said = answer.text.trimmed();
  return answer.error.isEmpty() &&
         std::any_of(answer.expected.begin(), answer.expected.end(), [&](const QString& expected) {
           return expected.trimmed().compare(said, Qt::CaseInsensitive) == 0;
         });
}

void BatchModel::clear() {
  beginResetModel();
  rows_.clear();
  errors_ = right_ = expected_ = 0;
  endResetModel();
}

void BatchModel::add(std::vector<VqaAnswer> answers) {
  answers.resize(std::min(answers.size(), kMost - rows_.size()));
  if (answers.empty()) return;
  beginInsertRows({}, rowCount(), rowCount() + static_cast<int>(answers.size()) - 1);
  for (VqaAnswer& answer : answers) {
    errors_ += answer.error.isEmpty() ? 0 : 1;
    expected_ += answer.expected.isEmpty() ? 0 : 1;
    right_ += is_right(answer) ? 1 : 0;
    answer.top = {};  // what the table does not show takes most of the room
    answer.tiles = {};
    rows_.push_back(std::move(answer));
  }
  endInsertRows();
}

int BatchModel::rowCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : static_cast<int>(rows_.size());
}

int BatchModel::columnCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : kColumns;
}

QString BatchModel::text_of(const VqaAnswer& answer, int column) const {
  switch (column) {
    case id:
      return answer.id;
    case pictures:
      return bare_names(answer.images);
    case question:
      return answer.question;
    case BatchModel::answer:
      return answer.error.isEmpty() ? answer.text.trimmed() : QString();
    case confidence:
      return answer.error.isEmpty() ? QString("%1 %").arg(100 * answer.confidence, 0, 'f', 1) : QString();
    case expected:
      return answer.expected.join(" / ");
    case note:
      return answer.error.isEmpty() ? answer.warning : "⚠ " + answer.error;
    default:
      return {};
  }
}

QVariant BatchModel::data(const QModelIndex& index, int role) const {
  if (!index.isValid()) return {};
  const VqaAnswer& row = at(index.row());
  const bool failed = !row.error.isEmpty(), wrong = !row.expected.isEmpty() && !is_right(row);
  switch (role) {
    case Qt::DisplayRole:
      return text_of(row, index.column());
    case Qt::ToolTipRole:
      return index.column() == pictures ? row.images.join("\n") : text_of(row, index.column()).left(2000);
    case kSortRole:
      if (index.column() == confidence) return failed ? -1 : row.confidence;
      if (index.column() == id) return index.row();  // the input's order
      return text_of(row, index.column());
    case Qt::TextAlignmentRole:
      if (index.column() == confidence) return QVariant::fromValue(Qt::AlignRight | Qt::AlignVCenter);
      return {};
    case Qt::ForegroundRole:
      if (index.column() == note && failed) return status_color("failed");
      if (index.column() == BatchModel::answer && wrong) return status_color("failed");
      return {};
    case Qt::FontRole:
      if (index.column() == BatchModel::answer) {
        QFont font;
        font.setBold(true);
        return font;
      }
      return {};
    default:
      return {};
  }
}

QVariant BatchModel::headerData(int section, Qt::Orientation orientation, int role) const {
  if (orientation != Qt::Horizontal) return {};
  if (role == Qt::TextAlignmentRole && section == confidence)
    return QVariant::fromValue(Qt::AlignRight | Qt::AlignVCenter);
  if (role != Qt::DisplayRole) return {};
  switch (section) {
    case id:
      return tr("Question id");
    case pictures:
      return tr("Pictures");
    case question:
      return tr("Question");
    case answer:
      return tr("Answer");
    case confidence:
      return tr("Sure");
    case expected:
      return tr("Expected");
    default:
      return tr("Note");
  }
}

QString BatchModel::csv() const {
  QString text = csv_line(
      {"question_id", "pictures", "question", "answer", "confidence", "expected", "warning", "error"});
  for (const VqaAnswer& row : rows_)
    text += csv_line({row.id, row.images.join('|'), row.question, row.text,
                      row.error.isEmpty() ? QString::number(row.confidence, 'g', 9) : QString(),
                      row.expected.join('|'), row.warning, row.error});
  return text;
}

void BatchFilter::set_words(const QString& words) {
  words_ = words.split(' ', Qt::SkipEmptyParts);
  invalidateFilter();
}

void BatchFilter::set_kind(Kind kind) {
  kind_ = kind;
  invalidateFilter();
}

bool BatchFilter::filterAcceptsRow(int row, const QModelIndex&) const {
  const VqaAnswer& shown = static_cast<const BatchModel*>(sourceModel())->at(row);
  if (kind_ == failed && shown.error.isEmpty()) return false;
  if (kind_ == unsure && (!shown.error.isEmpty() || shown.confidence >= kUnsure)) return false;
  if (kind_ == wrong && (shown.expected.isEmpty() || is_right(shown))) return false;
  return std::all_of(words_.begin(), words_.end(), [&](const QString& word) {
    return std::any_of(shown.images.begin(), shown.images.end(),
                       [&](const QString& image) { return image.contains(word, Qt::CaseInsensitive); }) ||
           shown.question.contains(word, Qt::CaseInsensitive) ||
           shown.text.contains(word, Qt::CaseInsensitive) || shown.id.contains(word, Qt::CaseInsensitive) ||
           shown.error.contains(word, Qt::CaseInsensitive);
  });
}

}  // namespace conclave::ui
