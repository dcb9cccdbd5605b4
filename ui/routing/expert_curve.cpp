#include "ui/routing/expert_curve.h"

#include <QPainter>
#include <QTextDocument>
#include <QVBoxLayout>
#include <cmath>

#include "ui/data/text_table_model.h"
#include "ui/plots/curve_plot.h"
#include "ui/plots/custom_plot.h"
#include "ui/theme/theme.h"

namespace conclave::ui {
namespace {

constexpr int kLeastCurveHeight = 100, kDrawnHead = 24, kCurveLabels = 56;

// Marks the same step in both, and shows the same steps.
void tie(CurvePlot& from, CurvePlot& to) {
  QObject::connect(&from, &CurvePlot::cursor_moved, &to, &CurvePlot::set_cursor);
  QObject::connect(from.plot()->xAxis, qOverload<const QCPRange&>(&QCPAxis::rangeChanged), &to,
                   [&from, &to](const QCPRange& range) {
                     if (!from.isHidden() && !to.isHidden()) to.zoom(range.lower, range.upper);
                   });
}

}  // namespace

ExpertCurve::ExpertCurve(HistoryThread& history, CurvePlot& loss, QWidget* parent)
    : QWidget(parent), history_(history), loss_(&loss), plot_(new CurvePlot(history)) {
  setObjectName("routing.expertCurve");
  plot_->plot()->setMinimumHeight(kLeastCurveHeight);
  for (const CurvePlot* plot : {loss_, plot_})  // labels of any width, and the same step above the same step
    plot->plot()->axisRect()->setMinimumMargins(QMargins(kCurveLabels, 15, 15, 15));
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->addWidget(plot_);
  tie(*loss_, *plot_);
  tie(*plot_, *loss_);
  connect(plot_->plot(), &QCustomPlot::mouseDoubleClick, loss_, &CurvePlot::show_all);
  hide();
}

void ExpertCurve::forget() {
  ++*question_.newest();  // what is on its way is not wanted any more
  chosen_ = {};
  busy_ = false;
  csv_.clear();
  hide();
}

void ExpertCurve::show_expert(const Chosen& chosen) {
  if (chosen == chosen_) return;
  chosen_ = chosen;
  busy_ = true;
  history_.ask(
      this, question_,
      [chosen](const Store& store) {
        Rows rows;
        for (const int64_t run : chosen.runs)
          rows.push_back(store.routing_over_steps(run, chosen.split, chosen.site, chosen.modality));
        return rows;
      },
      [this](const Answer<Rows>& answer) {
        busy_ = false;
        answer.value ? fill(*answer.value) : forget();
      });
}

void ExpertCurve::fill(const Rows& rows) {
  std::vector<CurvePlot::Curve> curves;
  title_ = tr("Layer %1, expert %2 of %3")
               .arg(QString::fromStdString(chosen_.site))
               .arg(chosen_.expert)
               .arg(QString::fromStdString(chosen_.modality))
               .toHtmlEscaped();
  csv_ = csv_line({"run", "split", "layer", "modality", "expert", "measure", "step", "value"});
  for (size_t i = 0; i < rows.size(); ++i)
    for (const RoutingMeasure measure : measures_of(chosen_.measure)) {
      const QColor color = series_color(static_cast<int>(curves.size()));
      CurvePlot::Curve curve{{chosen_.runs[i], measure_name(measure), color}, {}};
      for (const RoutingRow& row : rows[i]) {
        const auto cells = expert_cells(row, measure);
        const auto expert = static_cast<size_t>(chosen_.expert);
        if (expert >= cells.size() || std::isnan(cells[expert])) continue;
        const double value = cells[expert];
        curve.buckets.push_back({row.step, row.step, value, value, value, 0, 0, 1, 0});
        csv_ += csv_line({QString::number(chosen_.runs[i]), QString::fromStdString(row.split),
                          QString::fromStdString(row.site), QString::fromStdString(row.modality),
                          QString::number(chosen_.expert), measure_id(measure), QString::number(row.step),
                          QString::number(value, 'g', 9)});
      }
      if (curve.buckets.empty()) continue;  // not recorded
      QString name = measure_name(measure);
      if (rows.size() > 1) name = tr("%1 of run %2").arg(name).arg(chosen_.runs[i]);
      title_ += QString("&nbsp; <span style='color:%1'>●</span> <span style='font-weight:normal'>%2</span>")
                    .arg(color.name(), name.toHtmlEscaped());
      curves.push_back(std::move(curve));
    }
  setVisible(!curves.empty());
  follow_loss();  // first, so that the loss does not go along with what is drawn for the first time
  plot_->show_points(title_, std::move(curves));
}

void ExpertCurve::follow_loss() {
  plot_->set_cursor(loss_->cursor());
  const QCPRange seen = loss_->plot()->xAxis->range();
  if (!loss_->isHidden() && !loss_->metric().isEmpty())
    plot_->zoom(seen.lower, seen.upper);
  else
    plot_->show_all();
}

Takeaway ExpertCurve::takeaway() const {
  const bool with_loss = !loss_->isHidden() && !loss_->metric().isEmpty();
  const QSize upper = with_loss ? loss_->plot()->size() + QSize(0, kDrawnHead) : QSize(0, 0);
  const QSize size(plot_->width(), upper.height() + kDrawnHead + plot_->plot()->height());
  const auto paint = [this, with_loss, size](QPainter& painter) {
    painter.fillRect(QRect(QPoint(0, 0), size), palette().color(QPalette::Base));
    for (CurvePlot* plot : {loss_, plot_}) {
      if (plot == loss_ && !with_loss) continue;
      QTextDocument head;
      head.setDocumentMargin(2);
      head.setHtml(QString("<span style='color:%1'>%2</span>")
                       .arg(palette().color(QPalette::Text).name(),
                            plot == loss_ ? plot->metric().toHtmlEscaped() : title_));
      head.drawContents(&painter);
      painter.translate(0, kDrawnHead);
      draw_plot(*plot->plot(), painter);
      painter.translate(0, plot->plot()->height());
    }
  };
  return {"expert", size, paint, [this] { return csv_; }};
}

}  // namespace conclave::ui
