/// Runs a parsed template.
#pragma once

#include <ctime>

#include "framework/text/jinja_syntax.h"

namespace conclave::jinja {

struct RunOptions {
  std::time_t now = 0;  ///< of strftime_now
  size_t steps = 2'000'000;
  size_t bytes = size_t{256} << 20;  ///< of all texts that are made on the way
};

/// What the template prints. Throws DataError that names the line.
std::string run(const Block& block, const Dict& variables, const std::string& name,
                const RunOptions& options);

}  // namespace conclave::jinja
