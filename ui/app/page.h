/// What every page is, and what it may use of the rest.
#pragma once

#include <QHBoxLayout>
#include <QVBoxLayout>
#include <QWidget>

#include "ui/app/action_registry.h"
#include "ui/app/preferences.h"
#include "ui/data/history_thread.h"

class QLabel;

namespace conclave::ui {

class Pins;
struct Takeaway;

/// What pages share.
struct Context {
  HistoryThread& history;
  Preferences& preferences;
  ActionRegistry& actions;
  Pins& pins;
};

/// How a page is called, known before it is made.
struct PageInfo {
  QString id, title, glyph;
};

class Page : public QWidget {
  Q_OBJECT
 public:
  Page(const PageInfo& info, Context& context);
  const QString& id() const { return info_.id; }
  const QString& title() const { return info_.title; }
  /// The command line that shows or does the same.
  const QStringList& command() const { return command_; }

  /// Reads again what is shown: F5, and when the history has changed while the page is seen.
  virtual void refresh() {}
  /// Whether nothing is on its way any more, so that a picture of the page can be taken.
  virtual bool settled() const { return true; }
  /// Shows what the page does on something that comes with the program; of no effect where there is nothing
  /// to try.
  virtual void try_sample() {}
  /// Where the keyboard goes when the page is opened.
  virtual QWidget* first_focus() { return nullptr; }

 Q_SIGNALS:
  void command_changed();
  /// A short text beside the page's name in the rail.
  void badge(const QString& text);
  /// One line for the person; an error stays until the next one.
  void message(const QString& text, bool error = false);
  /// Another page is wanted, for instance "compare".
  void wants_page(const QString& id);

 protected:
  /// A layout below the title; buttons go into header().
  QVBoxLayout* body() { return body_; }
  QHBoxLayout* header() { return header_; }
  void set_title(const QString& text);
  void set_command(const QStringList& words);
  /// Asks for a file, writes `what` there and says so.
  void take_along(const Takeaway& what);
  /// Adds an action of this page; its button goes into the header when `button`. With `widget` its key works
  /// there alone: Return and Del mean something else where text is edited.
  QAction* add_action(const QString& id, const QString& text, const QKeySequence& key,
                      std::function<void()> what, bool button = false, QWidget* widget = nullptr);
  Context& context_;

 private:
  PageInfo info_;
  QStringList command_;
  QLabel* label_;
  QHBoxLayout* header_;
  QVBoxLayout* body_;
};

}  // namespace conclave::ui
