/// Tables in text files.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace conclave {

struct CsvRow {
  int64_t line = 0;  ///< where it begins, from 1
  std::vector<std::string> cells;
};

/// Rows as RFC 4180 has them, with tabs or semicolons for commas where the first line has those instead;
/// empty lines are left out, and so is a byte order mark. Throws DataError (with `name`) for a quote that is
/// not closed.
std::vector<CsvRow> read_csv(std::string_view text, const std::string& name);

}  // namespace conclave
