/// What stderr can do, and one lock for everything that is written to it. stdout is for data alone.
#pragma once

#include <string_view>

namespace conclave {

bool stderr_is_terminal();
/// A terminal, and neither NO_COLOR nor TERM=dumb is set.
bool stderr_has_color();
/// Columns of the terminal; 80 when there is none.
int stderr_width();

/// Writes one line to stderr, above the status line if there is one. Thread-safe.
void print_stderr(std::string_view line);

/// Keeps `text` as the terminal's last line until it is replaced; empty removes it. Does nothing when stderr
/// is no terminal. Thread-safe.
void set_status_line(std::string_view text);

}  // namespace conclave
