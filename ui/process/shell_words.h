/// A command line as people type it.
#pragma once

#include <QString>
#include <QStringList>

namespace conclave::ui {

/// The words that a shell would make of it: 'as it is', "with \" in it", \ before one character; nothing else
/// is special. Throws UsageError when a quote is not closed.
QStringList shell_words(const QString& text);

}  // namespace conclave::ui
