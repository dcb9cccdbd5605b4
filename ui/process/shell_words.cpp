#include "ui/process/shell_words.h"

#include "framework/base/error.h"

namespace conclave::ui {

QStringList shell_words(const QString& text) {
  QStringList words;
  QString word;
  bool in_word = false;
  QChar quote;
  for (qsizetype i = 0; i < text.size(); ++i) {
    const QChar c = text[i];
    if (c == '\\' && quote != '\'' && i + 1 < text.size()) {
      const QChar next = text[++i];
      if (!quote.isNull() && next != '"' && next != '\\') word += c;
      word += next;
      in_word = true;
    } else if (!quote.isNull()) {
      c == quote ? void(quote = QChar()) : void(word += c);
    } else if (c == '\'' || c == '"') {
      quote = c;
      in_word = true;
    } else if (c.isSpace()) {
      if (in_word) words << std::exchange(word, QString());
      in_word = false;
    } else {
      word += c;
      in_word = true;
    }
  }
  require<UsageError>(quote.isNull(), "a {} is not closed", quote == '"' ? "double quote" : "quote");
  if (in_word) words << word;
  return words;
}

}  // namespace conclave::ui
