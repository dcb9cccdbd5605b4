/// Ctrl-C: the first asks for a clean stop, the second stops at once.
#pragma once

#include <string>

#include "framework/base/error.h"

namespace conclave {

/// Thrown where a long operation gives up because of interrupted(): exit code 130.
class Interrupted : public Error {
 public:
  explicit Interrupted(const std::string& what = "interrupted") : Error(what) {}
};

/// From here on the first SIGINT or SIGTERM sets a flag, and the second ends the process with code 130.
void install_signal_handlers();

/// Whether a stop was asked for. Cheap: ask between steps, save, and return.
bool interrupted() noexcept;

/// Throws Interrupted if a stop was asked for.
void throw_if_interrupted();

/// Asks for a stop as a signal would.
void request_interrupt() noexcept;
/// Forgets an earlier request.
void clear_interrupt() noexcept;

}  // namespace conclave
