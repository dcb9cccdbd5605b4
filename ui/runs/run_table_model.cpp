#include "ui/runs/run_table_model.h"

#include <algorithm>
#include <cmath>

#include "ui/data/format.h"
#include "ui/theme/glyphs.h"
#include "ui/theme/theme.h"

namespace conclave::ui {
namespace {

QString joined(const std::vector<std::string>& words) {
  QStringList list;
  for (const auto& word : words) list << QString::fromStdString(word);
  return list.join(", ");
}

const MetricSummary* metric_of(const RunSummary& run, const QString& name) {
  return run.metric(name.toStdString());
}

// NaN: it has none.
double number_key(const RunSummary& run, int column, const QString& metric) {
  if (!metric.isEmpty()) {
    const MetricSummary* found = metric_of(run, metric);
    return found ? found->last : NAN;
  }
  switch (static_cast<RunColumn>(column)) {
    case RunColumn::number:
      return static_cast<double>(run.id);
    case RunColumn::started:
      return static_cast<double>(run.started_ms);
    default:
      return run.seconds();
  }
}

bool is_number(int column) {
  return column >= kRunColumns || column == static_cast<int>(RunColumn::number) ||
         column == static_cast<int>(RunColumn::started) || column == static_cast<int>(RunColumn::duration);
}

template <class Key, class Missing>
void sort_by(std::vector<RunSummary>& runs, Qt::SortOrder order, const Key& key, const Missing& missing) {
  using K = decltype(key(runs.front()));
  std::vector<std::pair<K, size_t>> keys;
  for (size_t i = 0; i < runs.size(); ++i) keys.emplace_back(key(runs[i]), i);
  std::stable_sort(keys.begin(), keys.end(), [&](const auto& a, const auto& b) {
    const bool no_a = missing(a.first), no_b = missing(b.first);
    if (no_a || no_b) return !no_a && no_b;
    return order == Qt::AscendingOrder ? a.first < b.first : b.first < a.first;
  });
  std::vector<RunSummary> sorted;
  sorted.reserve(runs.size());
  for (const auto& [unused, i] : keys) sorted.push_back(std::move(runs[i]));
  runs = std::move(sorted);
}

}  // namespace

void RunTableModel::set_metrics(const QStringList& names) {
  if (names == metrics_) return;
  beginResetModel();
  metrics_ = names;
  if (sort_column_ >= columnCount()) sort_column_ = -1;
  endResetModel();
}

void RunTableModel::order(std::vector<RunSummary>& runs) const {
  if (sort_column_ < 0 || runs.empty()) return;
  if (is_number(sort_column_)) {
    const QString metric = metrics_.value(sort_column_ - kRunColumns);
    sort_by(
        runs, sort_order_, [&](const RunSummary& run) { return number_key(run, sort_column_, metric); },
        [](double value) { return std::isnan(value); });
  } else {
    sort_by(
        runs, sort_order_, [&](const RunSummary& run) { return text(run, sort_column_); },
        [](const QString& value) { return value.isEmpty(); });
  }
}

void RunTableModel::set_runs(std::vector<RunSummary> runs) {
  order(runs);
  const auto same = [](const RunSummary& a, const RunSummary& b) { return a.id == b.id; };
  const size_t before = runs_.size(), now = runs.size();
  const size_t more = now > before ? now - before : 0;
  const bool behind = now >= before && std::equal(runs_.begin(), runs_.end(), runs.begin(), same);
  const bool on_top =
      !behind && now > before &&
      std::equal(runs_.begin(), runs_.end(), runs.begin() + static_cast<std::ptrdiff_t>(more), same);
  if (!behind && !on_top) {
    beginResetModel();
    runs_ = std::move(runs);
    endResetModel();
    return;
  }
  if (more > 0) {
    const int first = on_top ? 0 : static_cast<int>(before);
    beginInsertRows({}, first, first + static_cast<int>(more) - 1);
    runs_ = std::move(runs);
    endInsertRows();
  } else {
    runs_ = std::move(runs);
  }
  if (before > 0) Q_EMIT dataChanged(index(0, 0), index(rowCount() - 1, columnCount() - 1));
}

int RunTableModel::row_of(int64_t run) const {
  const auto found = std::find_if(runs_.begin(), runs_.end(), [&](const auto& one) { return one.id == run; });
  return found == runs_.end() ? -1 : static_cast<int>(found - runs_.begin());
}

int RunTableModel::rowCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : static_cast<int>(runs_.size());
}

int RunTableModel::columnCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : kRunColumns + static_cast<int>(metrics_.size());
}

QString RunTableModel::text(const RunSummary& run, int column) const {
  if (column >= kRunColumns) {
    const MetricSummary* metric = metric_of(run, metrics_.value(column - kRunColumns));
    return metric ? number_text(metric->last) : QString();
  }
  switch (static_cast<RunColumn>(column)) {
    case RunColumn::number:
      return QString::number(run.id);
    case RunColumn::name:
      return QString::fromStdString(run.name);
    case RunColumn::program:
      return QString::fromStdString(run.app + " " + run.verb);
    case RunColumn::experiment:
      return QString::fromStdString(run.experiment);
    case RunColumn::started:
      return time_text(run.started_ms);
    case RunColumn::duration:
      return duration_text(run.seconds());
    case RunColumn::tags:
      return joined(run.tags);
  }
  return {};
}

QVariant RunTableModel::data(const QModelIndex& index, int role) const {
  if (!index.isValid()) return {};
  const RunSummary& run = at(index.row());
  const auto column = static_cast<RunColumn>(index.column());
  switch (role) {
    case Qt::DisplayRole:
      return text(run, index.column());
    case Qt::DecorationRole:
      return column == RunColumn::number ? QVariant(dot(status_color(QString::fromStdString(run.status))))
                                         : QVariant();
    case Qt::TextAlignmentRole:
      if (index.column() >= kRunColumns) return QVariant::fromValue(Qt::AlignRight | Qt::AlignVCenter);
      return {};
    case Qt::ToolTipRole:
      if (column == RunColumn::number)
        return QString::fromStdString(run.message.empty() ? run.status : run.status + ": " + run.message);
      return text(run, index.column());
    case Qt::AccessibleTextRole:
      return column == RunColumn::number
                 ? QString("%1, %2").arg(run.id).arg(QString::fromStdString(run.status))
                 : text(run, index.column());
    default:
      return {};
  }
}

QVariant RunTableModel::headerData(int section, Qt::Orientation orientation, int role) const {
  if (orientation != Qt::Horizontal) return {};
  if (role == Qt::TextAlignmentRole && section >= kRunColumns)
    return QVariant::fromValue(Qt::AlignRight | Qt::AlignVCenter);
  if (role != Qt::DisplayRole) return {};
  const QStringList titles{tr("Run"),     tr("Name"), tr("Program"), tr("Experiment"),
                           tr("Started"), tr("Took"), tr("Tags")};
  return section < kRunColumns ? titles[section] : metrics_.value(section - kRunColumns);
}

void RunTableModel::sort(int column, Qt::SortOrder sort_order) {
  sort_column_ = column;
  sort_order_ = sort_order;
  if (column < 0) return;  // the next reading brings the store's own order
  Q_EMIT layoutAboutToBeChanged();
  const QModelIndexList before = persistentIndexList();
  std::vector<int64_t> ids;
  for (const QModelIndex& index : before) ids.push_back(at(index.row()).id);
  order(runs_);
  QModelIndexList after;
  for (qsizetype i = 0; i < before.size(); ++i)
    after << index(row_of(ids[static_cast<size_t>(i)]), before[i].column());
  changePersistentIndexList(before, after);
  Q_EMIT layoutChanged();
}

}  // namespace conclave::ui
