/// A table as all pages show it.
#pragma once

#include <QTableView>

namespace conclave::ui {

/// Whole rows, no grid, the last column takes what is left.
QTableView* make_table(QAbstractItemModel* model, const QString& name);
/// Chooses this row alone, also while Ctrl is held, which would otherwise add it.
void choose_row(QTableView& table, int row);

}  // namespace conclave::ui
