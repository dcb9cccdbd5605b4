/// Settings of a verb as the TOML file that the program itself takes with --config.
#pragma once

#include "ui/form/verb_description.h"

namespace conclave::ui {

/// Writes the section [app.verb]; returns what went wrong, or nothing.
QString write_preset(const QString& file, const VerbDescription& verb, const Json& values);

/// What the file says of `verb`: sections [app] and [app.verb] and, of options that stand at the top of such
/// files, those. Throws DataError when it cannot be read, UsageError for a value that does not fit.
Json read_preset(const QString& file, const VerbDescription& verb);

}  // namespace conclave::ui
