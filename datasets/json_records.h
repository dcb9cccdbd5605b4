/// JSON records of a data set, one a line or in one array, with errors that name the file and the place.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

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
  /// A string, or a whole number as a string.
  std::string id(const char* key) const;
  [[noreturn]] void fail(const std::string& what) const;

 private:
  const Json& at(const char* key) const;
  const Json& json_;
  std::string file_, where_;
};

/// Calls `visit` for each JSON object of a file with one a line; empty lines are skipped. A line that is no
/// JSON object is a DataError that names it ("line 7").
void for_each_json_line(const std::filesystem::path& path,
                        const std::function<void(const JsonRecord&)>& visit);

/// The same for a JSON array; `name` says what the entries are, for messages ("question 7").
void for_each_entry(const Json& array, const std::string& file, const std::string& name,
                    const std::function<void(const JsonRecord&)>& visit);

}  // namespace conclave
