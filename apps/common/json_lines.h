/// Results as JSON lines: one per input, in input order, flushed.
#pragma once

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_set>

#include "framework/base/json.h"

namespace conclave {

/// Thread-safe. A line reaches the reader whole or not at all.
class JsonLines {
 public:
  /// To stdout.
  JsonLines();
  /// Adds to `file`, whose records all begin with `key`. A last record that was cut off by a crash is removed
  /// first. Throws UsageError for a file that holds anything else, which is left as it is.
  JsonLines(const std::filesystem::path& file, const std::string& key);

  void write(const Json& line);
  /// For inputs that are worked on side by side: holds `line` until those of all inputs before `index` are
  /// out. Every index from 0 up must come once.
  void write_at(int64_t index, const Json& line);

 private:
  void emit(const Json& line);
  std::mutex lock_;
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> owned_{nullptr, &std::fclose};
  std::FILE* file_;
  std::string name_ = "stdout";
  int64_t next_ = 0;
  std::map<int64_t, Json> waiting_;
};

/// A file of records that begin with question_id, begun anew or, to resume, gone on with; null for an empty
/// path. UsageError that names `option` when it is a folder, or is there and not resumed.
std::unique_ptr<JsonLines> open_lines(const std::filesystem::path& file, std::string_view option,
                                      bool resume);

/// {"id": id, "error": {"kind": "usage|data|other", "message", "file", "where"}}; a null id is left out.
Json error_line(const Json& id, const std::exception& error);

/// The text of `id` that resume_lines would hold: a string as it is, anything else as JSON.
std::string id_text(const Json& id);

/// What is done already, for --resume: the `key` of every whole line of `file`. Lines with an "error" are
/// taken out of the file, so that their inputs are tried again. Empty when there is no such file. UsageError
/// (with the line) when one is no record of `key`, or has another value of `same` than the one given; the
/// file is then left as it is.
std::unordered_set<std::string> resume_lines(const std::filesystem::path& file, const std::string& key,
                                             const std::pair<std::string, std::string>& same = {});

}  // namespace conclave
