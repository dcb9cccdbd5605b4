/// What a program says of one of its verbs with --describe: what a form is made from.
#pragma once

#include <QStringList>
#include <optional>
#include <vector>

#include "framework/base/json.h"

namespace conclave::ui {

struct VerbOption {
  QString name, type, help, group;
  QString flag;  ///< "--name"; empty for a positional one
  Json fallback;
  QStringList choices;
  bool required = false, list = false, positional = false;
  std::optional<double> low, high;

  bool numeric() const { return type == "integer" || type == "number"; }
};

struct VerbDescription {
  QString app, verb, summary, examples;
  std::vector<VerbOption> options;

  const VerbOption* find(const QString& name) const;
};

/// One verb's, from the line that --describe prints. Throws DataError.
VerbDescription parse_description(const QByteArray& json);
/// Every verb's, from PROGRAM --describe. Throws DataError.
std::vector<VerbDescription> parse_descriptions(const QByteArray& json);

/// The value that `text`, as a person writes it, is for this option; null when it is empty. Throws UsageError
/// with what is allowed.
Json option_value(const VerbOption& option, const QString& text);
/// The same back: what a person would have written.
QString option_text(const VerbOption& option, const Json& value);
/// The flag and words that give an option this value; nothing for null.
QStringList option_words(const VerbOption& option, const Json& value);

}  // namespace conclave::ui
