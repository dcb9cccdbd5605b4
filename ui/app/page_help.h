/// F1: what the present page is for, and its keys.
#pragma once

#include <QDialog>

#include "ui/app/action_registry.h"

class QLabel;
class QTextBrowser;

namespace conclave::ui {

/// A few sentences on what one does on a page; empty when there is none of that name.
QString page_purpose(const QString& page);

/// Stays open beside the window and follows it from page to page. The keys are those of the registry.
class PageHelp : public QDialog {
  Q_OBJECT
 public:
  PageHelp(const ActionRegistry& actions, QWidget* parent);
  void show_page(const QString& id, const QString& title);

 protected:
  void changeEvent(QEvent* event) override;

 private:
  void fill();
  QString keys_of(const QString& page) const;

  const ActionRegistry& actions_;
  QString page_, title_;
  QLabel* heading_;
  QTextBrowser* text_;
};

}  // namespace conclave::ui
