// Which columns the list of runs has.
#include <QHeaderView>
#include <QMenu>
#include <QToolButton>
#include <set>

#include "ui/data/column_layout.h"
#include "ui/runs/runs_page.h"

namespace conclave::ui {
namespace {

constexpr int kLookedAt = 200;           // newest runs, whose names are offered
constexpr qsizetype kMostOffered = 200;  // metrics, and parameters

}  // namespace

// What the newest runs have: read anew, since another run may have brought other names.
void RunsPage::choose_columns() {
  using Names = std::pair<QStringList, QStringList>;
  context_.history.ask(
      this, names_,
      [](const Store& store) {
        RunFilter newest;
        newest.limit = kLookedAt;
        std::set<std::string> metrics;
        std::vector<int64_t> ids;
        for (const RunSummary& run : store.list(newest)) {
          ids.push_back(run.id);
          for (const MetricSummary& metric : run.metrics) metrics.insert(metric.name);
        }
        Names names;
        for (const std::string& name : metrics) names.first << QString::fromStdString(name);
        for (const std::string& key : store.param_keys(ids)) names.second << QString::fromStdString(key);
        return names;
      },
      [this](const Answer<Names>& answer) {
        const Names names = answer.value.value_or(Names());
        show_columns_menu(names.first, names.second);
      });
}

void RunsPage::show_columns_menu(const QStringList& metrics, const QStringList& params) {
  auto* menu = new QMenu(this);
  menu->setAttribute(Qt::WA_DeleteOnClose);
  menu->setObjectName("runs.columns.menu");
  const auto offer = [this](QMenu* into, QStringList names, const QStringList& shown, auto changed) {
    for (const QString& name : shown)
      if (!names.contains(name)) names << name;
    for (const QString& name : names.mid(0, kMostOffered)) {
      QAction* action = into->addAction(name);
      action->setCheckable(true);
      action->setChecked(shown.contains(name));
      connect(action, &QAction::toggled, this, [name, changed](bool on) { changed(name, on); });
    }
    if (names.isEmpty()) into->addAction(tr("No run has any yet"))->setEnabled(false);
  };
  const auto with = [](QStringList names, const QString& name, bool on) {
    names.removeAll(name);
    return on ? names << name : names;
  };
  QMenu* of_params = menu->addMenu(tr("Parameters"));
  of_params->setObjectName("runs.columns.params");
  offer(of_params, params, model_.params(), [this, with](const QString& name, bool on) {
    set_columns(model_.metrics(), with(model_.params(), name, on));
  });
  menu->addAction(tr("Order and widths as they were"), this, [this] { layout_->forget(); });
  menu->addSeparator();
  offer(menu, metrics, model_.metrics(), [this, with](const QString& name, bool on) {
    set_columns(with(model_.metrics(), name, on), model_.params());
  });
  menu->popup(columns_->mapToGlobal(QPoint(0, columns_->height())));
}

void RunsPage::set_columns(const QStringList& metrics, const QStringList& params) {
  context_.preferences.setValue("runs/metrics", metrics);
  context_.preferences.setValue("runs/params", params);
  model_.set_columns(metrics, params);
  table_->horizontalHeader()->setSortIndicator(model_.sort_column(),
                                               table_->horizontalHeader()->sortIndicatorOrder());
  read_all(true);
}

}  // namespace conclave::ui
