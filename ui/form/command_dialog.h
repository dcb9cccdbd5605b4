/// A command for any verb of any program, put together in its form.
#pragma once

#include <QDialog>

#include "ui/form/verb_form.h"

class QComboBox;
class QPushButton;

namespace conclave::ui {

class CommandDialog : public QDialog {
  Q_OBJECT
 public:
  explicit CommandDialog(QWidget* parent = nullptr);
  /// Chooses a program (and its first verb, until another is chosen).
  void choose_program(const QString& program);
  void choose_verb(const QString& verb);
  VerbForm* form() const { return form_; }
  bool settled() const { return !process_.running() && (!form_ || form_->settled()); }

 Q_SIGNALS:
  /// "Take it" was pressed.
  void taken(const QStringList& command);

 private:
  void ask_verbs();
  void make_form();
  void show_command();
  LineProcess process_;
  QComboBox *program_, *verb_;
  QVBoxLayout* place_;
  VerbForm* form_ = nullptr;
  QLabel *summary_, *command_;
  QPushButton* take_;
};

}  // namespace conclave::ui
