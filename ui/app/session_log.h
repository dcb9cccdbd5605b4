/// A file for each session with what was done and what went wrong, for bug reports.
#pragma once

#include <QString>

namespace conclave::ui {

/// From here on Qt's messages and note() go into state_home()/workbench/; the ten latest sessions are kept.
void begin_session_log();
/// One line with the time.
void note(const QString& line);
/// Empty when no log could be begun.
QString session_log_path();

}  // namespace conclave::ui
