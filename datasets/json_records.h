/// JSON records of a data set, one a line or in one array, with errors that name the file and the place.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <istream>
#include <string>
#include <vector>

#include "framework/base/json.h"

namespace conclave {

/// One record. Every getter throws DataError that names the file, the place and the key.
class JsonRecord {
 public:
  JsonRecord(const Json& json, std::string file, std::string where)
      : json_(json), file_(std::move(file)), where_(std::move(where)) {}

  const Json& json() const { return json_; }
  bool has(const char* key) const { return json_.contains(key) && !json_.at(key).is_null(); }
  std::string text(const char* key) const;
  int64_t integer(const char* key) const;
  /// The strings under `one` or, as a list, under `many`; none when both are absent.
  std::vector<std::string> texts(const char* one, const char* many) const;
  /// A string, or a whole number as a string.
  std::string id(const char* key) const;
  [[noreturn]] void fail(const std::string& what) const;

 private:
  const Json& at(const char* key) const;
  const Json& json_;
  std::string file_, where_;
};

/// The next line of `in` without its end, the `number`th of `file`; false at the end of the file. DataError
/// for a line of more than 64 MB, which is passed over, so that the next call goes on behind it.
bool read_record_line(std::istream& in, std::string& line, const std::string& file, int64_t number);

/// The JSON object that a line holds; DataError when it holds none.
Json parse_record(const std::string& line, const std::string& file, const std::string& where);

/// Calls `visit` for each JSON object of a file with one a line; empty lines are skipped. A line that is no
/// JSON object is a DataError that names it ("line 7").
void for_each_json_line(const std::filesystem::path& path,
                        const std::function<void(const JsonRecord&)>& visit);

/// The same for a JSON array; `name` says what the entries are, for messages ("question 7").
void for_each_entry(const Json& array, const std::string& file, const std::string& name,
                    const std::function<void(const JsonRecord&)>& visit);

}  // namespace conclave
