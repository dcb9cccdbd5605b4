#include "apps/audio/batch.h"

#include <charconv>
#include <fstream>

#include "apps/common/json_lines.h"
#include "framework/base/csv.h"
#include "framework/base/error.h"
#include "framework/base/file.h"
#include "framework/base/log.h"
#include "framework/base/signals.h"

namespace conclave {
namespace {

namespace fs = std::filesystem;

constexpr size_t kLargestTable = size_t{1} << 30;

// Text as it is; numbers where the column holds them, so that a text of digits stays a text.
Json cell_value(const std::string& column, const std::string& cell) {
  if (column != "seed" && column != "bars") return cell;
  int64_t number = 0;
  const auto [end, failure] = std::from_chars(cell.data(), cell.data() + cell.size(), number);
  return failure == std::errc() && end == cell.data() + cell.size() ? Json(number) : Json(cell);
}

Json row_item(const CsvRow& head, const CsvRow& row, const std::string& file, const std::string& where) {
  if (row.cells.size() > head.cells.size())
    throw DataError(
        file, where,
        fmt::format("holds {} cells, the first line names {}", row.cells.size(), head.cells.size()));
  Json item = Json::object();
  for (size_t i = 0; i < row.cells.size(); ++i)
    if (!row.cells[i].empty()) item[head.cells[i]] = cell_value(head.cells[i], row.cells[i]);
  return item;
}

}  // namespace

int for_each_item(const fs::path& file, Invocation& call,
                  const std::function<void(const JsonRecord& item, const Json& id)>& visit) {
  int64_t place = 0;
  int failed = 0;
  const auto try_item = [&](int64_t line, const std::function<Json(const std::string& where)>& read) {
    Json id = place++;
    try {
      const std::string where = fmt::format("line {}", line);
      const Json json = read(where);
      if (json.contains("id")) id = json.at("id");
      visit(JsonRecord(json, file.string(), where), id);
    } catch (const Interrupted&) {
      throw;
    } catch (const Error& wrong) {
      ++failed;
      if (call.json())
        call.out().write(error_line(id, wrong));
      else
        log_error("{}: {}", id_text(id), wrong.what());
    }
  };
  if (file.extension() == ".csv") {
    const auto rows = read_csv(read_file(file, kLargestTable), file.string());
    for (size_t i = 1; i < rows.size(); ++i)
      try_item(rows[i].line,
               [&](const std::string& where) { return row_item(rows[0], rows[i], file.string(), where); });
  } else {
    std::ifstream in(file);
    require(in.good(), "{} cannot be opened", file.string());
    int64_t number = 0;
    for (std::string text; read_record_line(in, text, file.string(), ++number);) {
      if (text.find_first_not_of(" \t\r") == std::string::npos) continue;
      try_item(number, [&](const std::string& where) { return parse_record(text, file.string(), where); });
    }
  }
  require<UsageError>(place > 0, "{}: has no items", file.string());
  return failed;
}

}  // namespace conclave
