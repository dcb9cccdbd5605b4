/// Numbers, times and sizes as the pages show them.
#pragma once

#include <QString>
#include <QStringList>
#include <cstdint>
#include <string>
#include <vector>

#include "framework/base/json.h"

namespace conclave::ui {

/// "0.4137", "1.2e-05", "NaN"; about four digits.
QString number_text(double value);
/// "12 s", "3 min 20 s", "2 h 05 min".
QString duration_text(double seconds);
/// "14:02" today, else "21 Nov 14:02", with the year when it is another.
QString time_text(int64_t ms);
/// "12 kB".
QString size_text(int64_t bytes);
/// 12345 -> "12,345", as the language has it.
QString count_text(int64_t count);

/// A text without its quotes; everything else as JSON.
QString json_text(const Json& value);

/// "running", "failed", ... of runs and jobs, in the person's language.
QString status_text(const std::string& status);

/// ~/... for what is below the home folder.
QString short_path(const QString& path);
/// A command line as a shell takes it.
QString shell_text(const QStringList& words);
QString shell_text(const std::vector<std::string>& words);
/// The same with short paths, where no quotes would hide the ~.
QString short_shell_text(const QStringList& words);

}  // namespace conclave::ui
