/// Messages for people, on stderr. CONCLAVE_LOG=debug|info|warning|error sets what is shown at first.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string_view>
#include <utility>

namespace conclave {

enum class LogLevel : uint8_t { debug, info, warning, error };

/// Shows messages of `level` and above.
void set_log_level(LogLevel level);
LogLevel log_level();
/// --quiet: warnings and errors alone, and no progress.
void set_quiet(bool quiet);
bool quiet();

/// Thread-safe.
void log_message(LogLevel level, std::string_view message);

template <class... Args>
void log_debug(fmt::format_string<Args...> text, Args&&... args) {
  if (log_level() <= LogLevel::debug)
    log_message(LogLevel::debug, fmt::format(text, std::forward<Args>(args)...));
}
template <class... Args>
void log_info(fmt::format_string<Args...> text, Args&&... args) {
  log_message(LogLevel::info, fmt::format(text, std::forward<Args>(args)...));
}
template <class... Args>
void log_warning(fmt::format_string<Args...> text, Args&&... args) {
  log_message(LogLevel::warning, fmt::format(text, std::forward<Args>(args)...));
}
template <class... Args>
void log_error(fmt::format_string<Args...> text, Args&&... args) {
  log_message(LogLevel::error, fmt::format(text, std::forward<Args>(args)...));
}

}  // namespace conclave
