#include "ui/data/column_layout.h"

#include <QHeaderView>

#include "ui/app/preferences.h"

namespace conclave::ui {

ColumnLayout::ColumnLayout(QTableView& table, Preferences& preferences, const QString& place,
                           std::vector<int> widths)
    : QObject(&table),
      table_(table),
      preferences_(preferences),
      place_(place),
      widths_(std::move(widths)),
      order_(preferences.value(place + "/order").toStringList()) {
  // "120 metric:loss": the file is for people, too.
  for (const QString& line : preferences.value(place + "/widths").toStringList())
    if (const int width = line.section(' ', 0, 0).toInt(); width > 0) dragged_[line.section(' ', 1)] = width;
  QHeaderView* header = table.horizontalHeader();
  header->setSectionsMovable(true);
  connect(table.model(), &QAbstractItemModel::modelReset, this, &ColumnLayout::apply);
  connect(header, &QHeaderView::sectionMoved, this, &ColumnLayout::keep_order);
  connect(header, &QHeaderView::sectionResized, this, [this](int section, int before, int width) {
    if (before > 0 && width > 0) keep_width(section, width);  // 0: hidden, or shown again
  });
  apply();
}

QString ColumnLayout::key_of(int section) const {
  return table_.model()->headerData(section, Qt::Horizontal, kColumnKey).toString();
}

int ColumnLayout::width_of(int section) const {
  if (const auto found = dragged_.find(key_of(section)); found != dragged_.end()) return *found;
  const auto at = static_cast<size_t>(section);
  return at < widths_.size() ? widths_[at] : table_.horizontalHeader()->defaultSectionSize();
}

void ColumnLayout::apply() {
  applying_ = true;
  QHeaderView* header = table_.horizontalHeader();
  QHash<QString, int> section_of;
  for (int section = 0; section < header->count(); ++section) section_of[key_of(section)] = section;
  std::vector<int> wanted;  // what is remembered, then the others as they come
  for (const QString& key : order_)
    if (const auto found = section_of.find(key); found != section_of.end()) {
      wanted.push_back(*found);
      section_of.erase(found);
    }
  for (int section = 0; section < header->count(); ++section)
    if (section_of.contains(key_of(section))) wanted.push_back(section);
  for (size_t to = 0; to < wanted.size(); ++to)
    header->moveSection(header->visualIndex(wanted[to]), static_cast<int>(to));
  for (int section = 0; section < header->count(); ++section)
    table_.setColumnWidth(section, width_of(section));
  applying_ = false;
}

void ColumnLayout::keep_order() {
  if (applying_) return;
  const QHeaderView* header = table_.horizontalHeader();
  order_.clear();
  for (int place = 0; place < header->count(); ++place) order_ << key_of(header->logicalIndex(place));
  preferences_.setValue(place_ + "/order", order_);
}

void ColumnLayout::keep_width(int section, int width) {
  if (applying_) return;
  dragged_[key_of(section)] = width;
  QStringList lines;
  for (auto it = dragged_.cbegin(); it != dragged_.cend(); ++it)
    lines << QString("%1 %2").arg(it.value()).arg(it.key());
  lines.sort();
  preferences_.setValue(place_ + "/widths", lines);
}

void ColumnLayout::forget() {
  order_.clear();
  dragged_.clear();
  preferences_.remove(place_);
  apply();
}

}  // namespace conclave::ui
