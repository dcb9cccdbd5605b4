#include "apps/model/prompt_rows.h"

#include "datasets/json_records.h"
#include "framework/base/error.h"

namespace conclave {
namespace fs = std::filesystem;

Json PromptRow::conversation() const {
  if (messages.is_array()) return messages;
  Json content = text;
  if (!pictures.empty() || !videos.empty()) {
    content = Json::array();
    for (size_t i = 0; i < pictures.size(); ++i) content.push_back({{"type", "image"}});
    for (size_t i = 0; i < videos.size(); ++i) content.push_back({{"type", "video"}});
    content.push_back({{"type", "text"}, {"text", text}});
  }
  Json turn = {{"role", "user"}, {"content", std::move(content)}};
  return Json::array({std::move(turn)});
}

PromptRows::PromptRows(const fs::path& file) : name_(file == "-" ? "stdin" : file.string()) {
  in_.open(file == "-" ? fs::path("/dev/stdin") : file, std::ios::binary);
  if (!in_ || fs::is_directory(file)) throw DataError(name_, "", "cannot be read");
  folder_ = file == "-" ? fs::current_path() : fs::absolute(file).parent_path();
  if (file != "-" && fs::is_directory(folder_ / "images")) folder_ /= "images";
}

PromptRow PromptRows::read(const Json& json, const std::string& where) const {
  const JsonRecord record(json, name_, where);
  PromptRow row;
  row.id = record.has("question_id") ? record.id("question_id") : std::to_string(number_);
  int given = 0;
  for (const char* key : {"prompt", "text"})
    if (record.has(key)) row.text = record.text(key), ++given;
  if (record.has("messages")) {
    row.messages = json.at("messages");
    if (!row.messages.is_array() || row.messages.empty()) record.fail("'messages' is no list of turns");
    ++given;
  }
  if (given != 1) record.fail("must have one of prompt, text and messages");
  if (record.has("adapter")) row.adapter = record.text("adapter");
  const auto files = [&](const std::vector<std::string>& names) {
    std::vector<fs::path> found;
    for (const auto& name : names) {
      if (name.find('\0') != std::string::npos) record.fail("a file's name holds a zero byte");
      found.push_back(folder_ / name);
    }
    return found;
  };
  row.names = record.texts("image", "images");
  row.pictures = files(row.names);
  row.video_names = record.texts("video", "videos");
  row.videos = files(row.video_names);
  return row;
}

std::optional<PromptRow> PromptRows::next() {
  for (std::string line;;) {
    PromptRow broken;
    broken.id = fmt::format("line {}", ++number_);
    try {
      if (!read_record_line(in_, line, name_, number_)) return std::nullopt;
      if (line.find_first_not_of(" \t\r") == line.npos) continue;
      if (number_ == 1 && line.starts_with("\xef\xbb\xbf")) line.erase(0, 3);
      return read(parse_record(line, name_, broken.id), broken.id);
    } catch (const Error&) {
      broken.error = std::current_exception();
    }
    return broken;
  }
}

}  // namespace conclave
