#include "models/checkpoint/tune_rows.h"

#include <fstream>

#include "framework/base/error.h"

namespace conclave {
namespace {

std::string text_at(const Json& line, const char* key) {
  require<UsageError>(line.at(key).is_string(), "\"{}\" must be a text", key);
  return line.at(key).get<std::string>();
}

TuneRow row_of(const Json& line, const PublishedText& text) {
  require<UsageError>(line.is_object(), "must be an object with text, prompt and reply, or messages");
  const auto& tokenizer = text.tokenizer;
  TuneRow row;
  std::string learnt;
  if (line.contains("text")) {
    row.ids = tokenizer.encode(text_at(line, "text"));
  } else {
    if (line.contains("messages")) {
      Json messages = line.at("messages");
      require<UsageError>(messages.is_array() && messages.size() > 1 && messages.back().is_object() &&
                              messages.back().value("role", "") == "assistant",
                          "\"messages\" must end with one of the role assistant, behind others");
      learnt = text_at(messages.back(), "content");
      messages.erase(messages.size() - 1);
      row.ids = tokenizer.encode(text.conversation(messages), {.add_special = false});
    } else {
      require<UsageError>(line.contains("prompt") && line.contains("reply"),
                          "must have text, prompt and reply, or messages");
      row.ids = tokenizer.encode(text_at(line, "prompt"));
      learnt = text_at(line, "reply");
    }
    row.asked_from = std::max<int64_t>(std::ssize(row.ids), 1);
    const auto reply = tokenizer.encode(learnt, {.add_special = false, .parse_special = false});
    row.ids.insert(row.ids.end(), reply.begin(), reply.end());
  }
  if (line.contains("task")) {
    require<UsageError>(line.at("task") == 0 || line.at("task") == 1, "\"task\" must be 0 or 1");
    row.task = line.at("task").get<int64_t>();
  }
  if (!text.stop.empty()) row.ids.push_back(text.stop.front());
  require<UsageError>(std::ssize(row.ids) > row.asked_from, "has nothing that could be learnt");
  return row;
}

}  // namespace

TuneRows read_tune_rows(const std::filesystem::path& file, const PublishedText& text, int64_t longest) {
  std::ifstream in(file);
  if (!in) throw DataError(file.string(), "", "cannot be opened");
  TuneRows all;
  int64_t number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    const auto place = fmt::format("line {}", number);
    const Json json = parse_json(line, file.string() + ": " + place);
    try {
      TuneRow row = row_of(json, text);
      if (std::ssize(row.ids) > longest) {
        ++all.cut;
        if (row.asked_from >= longest) continue;
        row.ids.resize(static_cast<size_t>(longest));
      }
      all.rows.push_back(std::move(row));
    } catch (const UsageError& wrong) {
      throw DataError(file.string(), place, wrong.what());
    }
  }
  if (all.rows.empty())
    throw DataError(file.string(), "", fmt::format("has no row to learn from ({} too long)", all.cut));
  return all;
}

}  // namespace conclave
