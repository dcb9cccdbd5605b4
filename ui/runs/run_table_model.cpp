#include "ui/runs/run_table_model.h"

#include <algorithm>
#include <cmath>

#include "ui/data/column_layout.h"
#include "ui/data/format.h"
#include "ui/plots/spark_lines.h"
#include "ui/theme/glyphs.h"
#include "ui/theme/theme.h"

namespace conclave::ui {
namespace {

constexpr qsizetype kShownOfParam = 200;  // of a parameter's value

QString joined(const std::vector<std::string>& words) {
  QStringList list;
  for (const auto& word : words) list << QString::fromStdString(word);
  return list.join(", ");
}

// NaN: it has none.
double number_key(const RunSummary& run, int column, const std::string& metric) {
  if (!metric.empty()) {
    const MetricSummary* found = run.metric(metric);
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

// Numbers before texts, and before what has no value at all.
struct ParamKey {
  double number = INFINITY;
  QString text;
  bool none = false;
  bool operator<(const ParamKey& other) const {
    return number != other.number ? number < other.number : text < other.text;
  }
};

ParamKey param_key(const RunSummary& run, const std::string& name) {
  const RunParam* param = run.param(name);
  if (!param || param->value.is_null()) return {.none = true};
  if (param->value.is_number()) return {param->value.get<double>(), {}};
  return {.text = json_text(param->value)};
}

bool is_number(int column) {
  return column == static_cast<int>(RunColumn::number) || column == static_cast<int>(RunColumn::started) ||
         column == static_cast<int>(RunColumn::duration);
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

void RunTableModel::set_columns(const QStringList& metrics, const QStringList& params) {
  if (metrics == metrics_ && params == params_) return;
  beginResetModel();
  const QString sorted = sort_column_ < 0 ? QString() : column_key(sort_column_);
  metrics_ = metrics;
  params_ = params;
  sort_column_ = -1;
  for (int column = 0; column < columnCount(); ++column)
    if (column_key(column) == sorted) sort_column_ = column;
  endResetModel();
}

void RunTableModel::order(std::vector<RunSummary>& runs) const {
  if (sort_column_ < 0 || runs.empty()) return;
  const std::string metric = metric_at(sort_column_).toStdString();
  const std::string param = param_at(sort_column_).toStdString();
  if (!param.empty()) {
    sort_by(
        runs, sort_order_, [&](const RunSummary& run) { return param_key(run, param); },
        [](const ParamKey& value) { return value.none; });
  } else if (!metric.empty() || is_number(sort_column_)) {
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
  return parent.isValid() ? 0 : kRunColumns + static_cast<int>(metrics_.size() + params_.size());
}

QString RunTableModel::text(const RunSummary& run, int column) const {
  if (const QString name = metric_at(column); !name.isEmpty()) {
    const MetricSummary* metric = run.metric(name.toStdString());
    return metric ? number_text(metric->last) : QString();
  }
  if (const QString name = param_at(column); !name.isEmpty()) {
    const RunParam* param = run.param(name.toStdString());
    return param ? json_text(param->value).left(kShownOfParam) : QString();
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
    case kSparkRole: {
      const QString name = metric_at(index.column());
      const MetricSummary* metric = name.isEmpty() ? nullptr : run.metric(name.toStdString());
      return metric ? QVariant::fromValue(SparkSource{run.id, name, metric->n}) : QVariant();
    }
    case Qt::DisplayRole:
      return text(run, index.column());
    case Qt::DecorationRole:
      return column == RunColumn::number ? QVariant(dot(status_color(QString::fromStdString(run.status))))
                                         : QVariant();
    case Qt::TextAlignmentRole:
      if (!metric_at(index.column()).isEmpty()) return QVariant::fromValue(Qt::AlignRight | Qt::AlignVCenter);
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

QString RunTableModel::column_key(int column) const {
  static const char* const kNames[] = {"number", "name", "program", "experiment", "started", "took", "tags"};
  if (column < kRunColumns) return kNames[column];
  const QString metric = metric_at(column);
  return metric.isEmpty() ? "param:" + param_at(column) : "metric:" + metric;
}

QVariant RunTableModel::headerData(int section, Qt::Orientation orientation, int role) const {
  if (orientation != Qt::Horizontal) return {};
  const QString metric = metric_at(section), param = param_at(section);
  if (role == kColumnKey) return column_key(section);
  if (role == Qt::TextAlignmentRole && !metric.isEmpty())
    return QVariant::fromValue(Qt::AlignRight | Qt::AlignVCenter);
  if (role == Qt::ToolTipRole && section >= kRunColumns)
    return metric.isEmpty() ? tr("Parameter %1").arg(param) : tr("Metric %1, its last value").arg(metric);
  if (role != Qt::DisplayRole) return {};
  const QStringList titles{tr("Run"),     tr("Name"), tr("Program"), tr("Experiment"),
                           tr("Started"), tr("Took"), tr("Tags")};
  return section < kRunColumns ? titles[section] : metric + param;
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
