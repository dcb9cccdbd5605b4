/// What the window and the programs are told, and from where.
#pragma once

#include <QSortFilterProxyModel>

#include "ui/app/page.h"
#include "ui/data/text_table_model.h"
#include "ui/process/line_process.h"

class QComboBox;
class QLabel;
class QLineEdit;
class QPushButton;
class QTableView;

namespace conclave::ui {

class SettingsPage : public Page {
  Q_OBJECT
 public:
  explicit SettingsPage(Context& context);
  static PageInfo info();
  void refresh() override;
  bool settled() const override { return !process_.running(); }
  QWidget* first_focus() override;
  const TextTableModel& model() const { return model_; }
  /// The user's settings file; the programs read it.
  static QString user_file();
  /// Where the command for alerts is remembered.
  static constexpr const char* kAlertCommand = "alerts/command";
  /// How that command fares.
  void show_alert_state(const QString& text);

 Q_SIGNALS:
  void alert_command_changed(const QString& text);
  void wants_alert_test();

 private:
  void build();
  QWidget* make_alert_line();
  void read();
  void take_line(const QByteArray& line);
  void open_user_file();

  LineProcess process_;
  std::vector<TextTableModel::Row> rows_;
  TextTableModel model_;
  QSortFilterProxyModel found_;
  QComboBox *theme_, *program_;
  QLineEdit *filter_, *alert_command_;
  QPushButton* alert_test_;
  QLabel *state_, *places_, *alert_state_;
  QTableView* table_;
};

}  // namespace conclave::ui
