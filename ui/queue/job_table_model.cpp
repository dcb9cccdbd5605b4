#include "ui/queue/job_table_model.h"

#include <QDateTime>
#include <QMimeData>
#include <algorithm>

#include "ui/data/format.h"
#include "ui/theme/glyphs.h"
#include "ui/theme/theme.h"

namespace conclave::ui {
namespace {
constexpr const char* kMime = "application/x-conclave-jobs";
}

QString state_text(const Job& job) {
  if (job.state == "running" && job.cancel_ms) return JobTableModel::tr("cancelling…");
  return status_text(job.state);
}

void JobTableModel::set_jobs(std::vector<Job> jobs) {
  const bool same = std::equal(jobs.begin(), jobs.end(), jobs_.begin(), jobs_.end(),
                               [](const Job& a, const Job& b) { return a.id == b.id; });
  if (!same) {
    beginResetModel();
    jobs_ = std::move(jobs);
    endResetModel();
    return;
  }
  jobs_ = std::move(jobs);
  if (!jobs_.empty()) Q_EMIT dataChanged(index(0, 0), index(rowCount() - 1, columnCount() - 1));
}

int JobTableModel::row_of(int64_t job) const {
  const auto found = std::find_if(jobs_.begin(), jobs_.end(), [&](const Job& one) { return one.id == job; });
  return found == jobs_.end() ? -1 : static_cast<int>(found - jobs_.begin());
}

std::vector<int64_t> JobTableModel::waiting() const {
  std::vector<int64_t> ids;
  for (const Job& job : jobs_)
    if (job.state == "waiting") ids.push_back(job.id);
  return ids;
}

int JobTableModel::rowCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : static_cast<int>(jobs_.size());
}

int JobTableModel::columnCount(const QModelIndex& parent) const {
  return parent.isValid() ? 0 : what + 1;
}

QString JobTableModel::text(const Job& job, int column) const {
  switch (column) {
    case number:
      return QString::number(job.id);
    case state:
      return state_text(job);
    case command:
      return job.name.empty() ? shell_text(job.argv) : QString::fromStdString(job.name);
    case group:
      return QString::fromStdString(job.batch);
    case slots_wanted:
      return QString("%1 %2").arg(job.slots).arg(QString::fromStdString(job.device).toUpper());
    case tries:
      return QString("%1/%2").arg(job.tries).arg(job.retries + 1);
    case took: {
      if (!job.started_ms) return {};
      const int64_t until = job.finished_ms.value_or(QDateTime::currentMSecsSinceEpoch());
      return duration_text(static_cast<double>(until - *job.started_ms) / 1000);
    }
    case what:
      if (job.message.empty() && job.exit_code.value_or(0) != 0)
        return tr("exit code %1").arg(*job.exit_code);
      return QString::fromStdString(job.message);
    default:
      return {};
  }
}

QVariant JobTableModel::data(const QModelIndex& index, int role) const {
  if (!index.isValid()) return {};
  const Job& job = at(index.row());
  if (role == Qt::DisplayRole || role == Qt::AccessibleTextRole) return text(job, index.column());
  if (role == Qt::ToolTipRole)
    return index.column() == command ? shell_text(job.argv) : text(job, index.column());
  if (role == Qt::DecorationRole && index.column() == state) {
    const bool stopping = job.state == "running" && job.cancel_ms;
    return dot(status_color(stopping ? "cancelled" : QString::fromStdString(job.state)));
  }
  return {};
}

QVariant JobTableModel::headerData(int section, Qt::Orientation orientation, int role) const {
  if (orientation != Qt::Horizontal || role != Qt::DisplayRole) return {};
  const QStringList titles{tr("Job"),   tr("State"), tr("Command"), tr("Group"),
                           tr("Slots"), tr("Try"),   tr("Took"),    tr("What it says")};
  return titles.value(section);
}

Qt::ItemFlags JobTableModel::flags(const QModelIndex& index) const {
  Qt::ItemFlags flags = QAbstractTableModel::flags(index);
  if (!index.isValid()) return flags | Qt::ItemIsDropEnabled;
  if (at(index.row()).state == "waiting") flags |= Qt::ItemIsDragEnabled;
  return flags;
}

QStringList JobTableModel::mimeTypes() const {
  return {kMime};
}

QMimeData* JobTableModel::mimeData(const QModelIndexList& indexes) const {
  QByteArray ids;
  for (const QModelIndex& index : indexes)
    if (index.column() == 0 && at(index.row()).state == "waiting")
      ids += QByteArray::number(qlonglong{at(index.row()).id}) + ' ';
  auto* data = new QMimeData;
  data->setData(kMime, ids);
  return data;
}

bool JobTableModel::dropMimeData(const QMimeData* data, Qt::DropAction, int row, int,
                                 const QModelIndex& parent) {
  if (!data->hasFormat(kMime)) return false;
  if (row < 0) row = parent.isValid() ? parent.row() : rowCount();
  std::vector<int64_t> moved;
  for (const QByteArray& word : data->data(kMime).split(' '))
    if (!word.isEmpty()) moved.push_back(word.toLongLong());
  std::vector<int64_t> order;
  const auto is_moved = [&](int64_t id) { return std::count(moved.begin(), moved.end(), id) > 0; };
  for (int i = 0; i <= rowCount(); ++i) {
    if (i == row) order.insert(order.end(), moved.begin(), moved.end());
    if (i < rowCount() && at(i).state == "waiting" && !is_moved(at(i).id)) order.push_back(at(i).id);
  }
  Q_EMIT reordered(order);
  return false;  // the history brings the new order; the view must not remove rows itself
}

}  // namespace conclave::ui
