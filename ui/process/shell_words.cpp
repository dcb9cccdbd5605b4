#include "ui/process/shell_words.h"

#include "framework/base/shell_words.h"

namespace conclave::ui {

QStringList shell_words(const QString& text) {
  QStringList words;
  for (const std::string& word : conclave::shell_words(text.toStdString()))
    words << QString::fromStdString(word);
  return words;
}

}  // namespace conclave::ui
