#include "ui/stream/confusion_view.h"

#include <QLabel>
#include <QVBoxLayout>
#include <cmath>
#include <limits>
#include <numeric>

#include "ui/data/text_table_model.h"

namespace conclave::ui {

ConfusionView::ConfusionView(QWidget* parent) : QWidget(parent), map_(new HeatMap), hint_(new QLabel) {
  map_->setObjectName("stream.confusion");
  map_->setAccessibleName(tr("Confusion matrix"));
  hint_->setWordWrap(true);
  hint_->setForegroundRole(QPalette::PlaceholderText);
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->addWidget(hint_);
  layout->addWidget(map_, 1);
  show_counts({});
}

void ConfusionView::show_counts(ConfusionCounts counts) {
  counts_ = std::move(counts);
  const bool some = !counts_.classes.isEmpty();
  map_->setVisible(some);
  hint_->setText(some ? tr("A row for each true class: the share of its rows that were taken for each class.")
                      : tr("Nothing was predicted yet, or numbers are predicted, which are not confused."));
  Matrix matrix{tr("predicted class"), counts_.classes, counts_.classes, {}};
  for (const auto& row : counts_.rows) {
    const double sum = std::accumulate(row.begin(), row.end(), 0.0);
    for (const double count : row)
      matrix.values.push_back(sum > 0 ? count / sum : std::numeric_limits<double>::quiet_NaN());
  }
  map_->set_matrices({matrix}, ColorMap::viridis);
}

Takeaway ConfusionView::takeaway() const {
  const auto csv = [this] {
    QString text = csv_line({"class", "predicted", "rows"});
    for (qsizetype label = 0; label < counts_.classes.size(); ++label)
      for (qsizetype said = 0; said < counts_.classes.size(); ++said)
        text += csv_line(
            {counts_.classes[label], counts_.classes[said],
             QString::number(counts_.rows[static_cast<size_t>(label)][static_cast<size_t>(said)], 'f', 0)});
    return text;
  };
  return {"confusion", map_->size(), [this](QPainter& painter) { map_->draw(painter, map_->size()); }, csv};
}

}  // namespace conclave::ui
