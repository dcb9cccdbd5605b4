#include "datasets/csv_table.h"

#include <charconv>
#include <cmath>

#include "framework/base/error.h"
#include "framework/base/file.h"

namespace conclave {
namespace {

constexpr size_t kMaxBytes = size_t{64} << 20;

}  // namespace

CsvTable::CsvTable(const std::filesystem::path& file) : name_(file.string()) {
  parse(read_file(file, kMaxBytes));
}

CsvTable::CsvTable(std::string_view text, std::string name) : name_(std::move(name)) {
  parse(text);
}

void CsvTable::parse(std::string_view text) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  std::vector<std::string> fields(1);
  bool quoted = false, content = false;
  size_t line = 1, first_line = 1;
  const auto end_line = [&] {
    if (content) add_line(std::move(fields), first_line);
    fields.assign(1, "");
    content = false;
    first_line = line + 1;
  };
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c == '"' && i + 1 < text.size() && text[i + 1] == '"') {
        fields.back() += text[++i];
      } else if (c == '"') {
        quoted = false;
      } else {
        if (c == '\n') ++line;
        fields.back() += c;
      }
    } else if (c == '"' && fields.back().empty()) {
      quoted = content = true;
    } else if (c == ',') {
      fields.emplace_back();
      content = true;
    } else if (c == '\n') {
      end_line();
      ++line;
    } else if (c != '\r') {
      fields.back() += c;
      content = true;
    }
  }
  if (quoted) throw DataError(name_, fmt::format("line {}", first_line), "a quote is not closed");
  end_line();
  if (names_.empty()) throw DataError(name_, "", "has no header line");
}

void CsvTable::add_line(std::vector<std::string> fields, size_t line) {
  if (names_.empty()) {
    for (const auto& field : fields) {
      if (!columns_.emplace(field, names_.size()).second)
        throw DataError(name_, "line 1", fmt::format("two columns are named '{}'", field));
      names_.push_back(field);
    }
    return;
  }
  if (fields.size() != names_.size())
    throw DataError(name_, fmt::format("line {}", line),
                    fmt::format("has {} fields, the header {}", fields.size(), names_.size()));
  rows_.push_back(std::move(fields));
  lines_.push_back(line);
}

const std::string& CsvTable::at(size_t row, const std::string& column) const {
  const auto found = columns_.find(column);
  if (found == columns_.end()) throw DataError(name_, "", fmt::format("has no column '{}'", column));
  return rows_.at(row)[found->second];
}

double CsvTable::number(size_t row, const std::string& column) const {
  const auto& text = at(row, column);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value))
    throw DataError(name_, where(row), fmt::format("{} '{}' is not a number", column, text));
  return value;
}

std::string CsvTable::where(size_t row) const {
  return fmt::format("line {}", lines_.at(row));
}

}  // namespace conclave
