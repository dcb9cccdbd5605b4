/// The rows of `conclave-model run --input`: JSON lines with a prompt each.
#pragma once

#include <exception>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "framework/base/json.h"

namespace conclave {

struct PromptRow {
  std::string id;  ///< question_id, or the line's number
  std::string text;
  Json messages;  ///< a conversation in the place of `text`; null: none
  std::string adapter;
  std::vector<std::string> names;  ///< of its pictures, as they were given
  std::vector<std::filesystem::path> pictures;
  std::vector<std::string> video_names;
  std::vector<std::filesystem::path> videos;
  std::exception_ptr error;  ///< a line that cannot be read

  /// The conversation that it is for a chat template: a question, pictures and videos before its words, or
  /// `messages`.
  Json conversation() const;
};

/// {"prompt" (or "text") or "messages", "question_id", "adapter", "image" or "images", "video" or "videos"}:
/// all but the first may be absent. Files are looked for beside the file, in images/ where there is such a
/// folder, or in the working folder for stdin.
class PromptRows {
 public:
  /// "-": stdin. Throws DataError when the file cannot be read.
  explicit PromptRows(const std::filesystem::path& file);
  /// Nothing at the end. A line that is no such row has its error.
  std::optional<PromptRow> next();

 private:
  PromptRow read(const Json& json, const std::string& where) const;

  std::string name_;
  std::filesystem::path folder_;
  std::ifstream in_;
  int64_t number_ = 0;
};

}  // namespace conclave
