/// A small table with a header line: the lists that picture sets come with.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace conclave {

/// Comma-separated values (RFC 4180): quoted fields, doubled quotes, either line end.
class CsvTable {
 public:
  /// Throws DataError for a file without a header, a line with another number of fields, an open quote.
  explicit CsvTable(const std::filesystem::path& file);
  CsvTable(std::string_view text, std::string name);

  size_t rows() const { return rows_.size(); }
  bool has(const std::string& column) const { return columns_.contains(column); }
  /// In the file's order.
  const std::vector<std::string>& columns() const { return names_; }
  /// Throws DataError when the column is not there.
  const std::string& at(size_t row, const std::string& column) const;
  /// Throws DataError that names the line unless the whole field is a finite number.
  double number(size_t row, const std::string& column) const;
  /// "line 7" of a row, for messages.
  std::string where(size_t row) const;
  const std::string& name() const { return name_; }

 private:
  void parse(std::string_view text);
  void add_line(std::vector<std::string> fields, size_t line);

  std::string name_;
  std::map<std::string, size_t> columns_;
  std::vector<std::string> names_;
  std::vector<std::vector<std::string>> rows_;
  std::vector<size_t> lines_;
};

}  // namespace conclave
