/// Every action of the window: one place for names and keys, read by menus, the palette and the help.
#pragma once

#include <QAction>
#include <QKeySequence>
#include <QObject>
#include <functional>
#include <vector>

namespace conclave::ui {

struct ActionSpec {
  QString id;          ///< "runs.pin"
  QString text;        ///< "Pin to Compare"
  QString page;        ///< of which page; empty: everywhere
  QKeySequence key;    ///< may be empty
  QString glyph = {};  ///< its icon
};

class ActionRegistry : public QObject {
  Q_OBJECT
 public:
  using QObject::QObject;

  /// The action hangs on `widget` and its key works while the focus is in it. Ids are unique; a key that
  /// stands for something else already, on the same page or everywhere, is an error of ours: see conflicts().
  QAction* add(const ActionSpec& spec, QWidget* widget, std::function<void()> what);
  QAction* find(const QString& id) const;

  struct Entry {
    ActionSpec spec;
    QAction* action;
  };
  const std::vector<Entry>& entries() const { return entries_; }
  /// "Ctrl+F: runs.filter, find" for each key with two meanings; empty when all is well.
  QStringList conflicts() const;

 private:
  std::vector<Entry> entries_;
};

}  // namespace conclave::ui
