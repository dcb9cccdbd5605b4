/// The command line of what is shown, to be copied.
#pragma once

#include <QWidget>

class QLineEdit;

namespace conclave::ui {

class CommandStrip : public QWidget {
  Q_OBJECT
 public:
  explicit CommandStrip(QWidget* parent = nullptr);
  void set_command(const QStringList& words);
  void copy() const;

 private:
  QLineEdit* text_;
};

}  // namespace conclave::ui
