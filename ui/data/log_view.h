/// The end of a log file, and the pane that shows it.
#pragma once

#include <QPlainTextEdit>
#include <string>

namespace conclave::ui {

/// At most the last 64 kB of a file; its first line may be cut off. Empty when it cannot be read.
QString log_end(const std::string& file);

/// Read only, fixed width, at most 2000 lines; stays at the end while it stands there.
class LogView : public QPlainTextEdit {
  Q_OBJECT
 public:
  explicit LogView(const QString& name, QWidget* parent = nullptr);
  void show_text(const QString& text);
};

}  // namespace conclave::ui
