#include "framework/base/csv.h"

#include <utility>

#include "framework/base/error.h"

namespace conclave {

std::vector<CsvRow> read_csv(std::string_view text, const std::string& name) {
  const std::string_view first = text.substr(0, text.find('\n'));
  char comma = ',';
  for (const char other : {'\t', ';'})
    if (first.find(',') == std::string_view::npos && first.find(other) != std::string_view::npos)
      comma = other;
  std::vector<CsvRow> rows;
  CsvRow row{1, {}};
  std::string cell;
  bool quoted = false;
  int64_t line = 1;
  const auto end_row = [&] {
    row.cells.push_back(std::exchange(cell, {}));
    if (row.cells.size() > 1 || !row.cells[0].empty()) rows.push_back(std::exchange(row, {}));
    row = {line + 1, {}};
  };
  for (size_t i = text.starts_with("\xef\xbb\xbf") ? 3 : 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c == '\n') ++line;
      if (c != '"')
        cell += c;
      else if (i + 1 < text.size() && text[i + 1] == '"')
        cell += text[++i];
      else
        quoted = false;
    } else if (c == '"' && cell.empty()) {
      quoted = true;
    } else if (c == comma) {
      row.cells.push_back(std::exchange(cell, {}));
    } else if (c == '\n') {
      end_row();
      ++line;
    } else if (c != '\r') {
      cell += c;
    }
  }
  if (quoted) throw DataError(name, fmt::format("line {}", row.line), "a quote is not closed");
  if (!cell.empty() || !row.cells.empty()) end_row();
  return rows;
}

}  // namespace conclave
