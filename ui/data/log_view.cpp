#include "ui/data/log_view.h"

#include <QFile>
#include <QFontDatabase>
#include <QScrollBar>

namespace conclave::ui {
namespace {
constexpr qint64 kLogBytes = 64 << 10;
constexpr int kLogLines = 2000;
}  // namespace

QString log_end(const std::string& file) {
  if (file.empty()) return {};
  QFile in(QString::fromStdString(file));
  if (!in.open(QIODevice::ReadOnly)) return {};
  if (in.size() > kLogBytes) in.seek(in.size() - kLogBytes);
  return QString::fromUtf8(in.read(kLogBytes));
}

LogView::LogView(const QString& name, QWidget* parent) : QPlainTextEdit(parent) {
  setReadOnly(true);
  setAccessibleName(name);
  setMaximumBlockCount(kLogLines);
  setFont(QFontDatabase::systemFont(QFontDatabase::FixedFont));
  setLineWrapMode(QPlainTextEdit::NoWrap);
}

void LogView::show_text(const QString& text) {
  if (text == toPlainText() + "\n" || text == toPlainText()) return;
  QScrollBar* bar = verticalScrollBar();
  const bool at_end = bar->value() >= bar->maximum() - 2;
  const int place = bar->value();
  setPlainText(text);
  bar->setValue(at_end ? bar->maximum() : place);
}

}  // namespace conclave::ui
