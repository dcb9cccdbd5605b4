#include "models/checkpoint/tune_rows.h"

#include <algorithm>
#include <fstream>

#include "framework/base/error.h"
#include "framework/media/picture.h"
#include "models/multimodal/picture_looker.h"

namespace conclave {
namespace {

std::string text_at(const Json& line, const char* key) {
  require<UsageError>(line.at(key).is_string(), "\"{}\" must be a text", key);
  return line.at(key).get<std::string>();
}

// The names under "image" or "images".
std::vector<std::filesystem::path> pictures_of(const Json& line, const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> pictures;
  if (!line.contains("images")) return pictures;
  require<UsageError>(line.at("images").is_array(), "\"images\" must be a list of names");
  for (const Json& name : line.at("images")) {
    require<UsageError>(name.is_string() && name.get<std::string>().find('\0') == std::string::npos,
                        "\"images\" must be a list of names");
    pictures.push_back(folder / name.get<std::string>());
  }
  return pictures;
}

// Places before the words of the first turn of the user, unless the contents say where.
void put_places(Json& messages, size_t pictures) {
  for (const Json& turn : messages)
    if (!turn.is_object() || !turn.contains("content") || turn.at("content").is_array()) return;
  for (Json& turn : messages) {
    if (turn.value("role", "") != "user") continue;
    Json content(pictures, Json{{"type", "image"}});
    content.push_back({{"type", "text"}, {"text", turn.at("content")}});
    turn["content"] = std::move(content);
    return;
  }
}

// Each place as often as its picture has tokens.
void spread(TuneRow& row, const RowPictures& pictures) {
  std::vector<int64_t> tokens;
  for (const auto& picture : row.pictures)
    tokens.push_back(pictures.processor.prepare({load_picture(picture)}).tokens[0]);
  const auto places = std::count(row.ids.begin(), row.ids.end(), pictures.place);
  require<UsageError>(places == std::ssize(tokens), "has {} pictures, and the chat template makes {} places",
                      tokens.size(), places);
  row.ids = spread_places(row.ids, pictures.place, tokens);
}

TuneRow row_of(const Json& line, const PublishedText& text, const std::filesystem::path& folder,
               const RowPictures* pictures) {
  require<UsageError>(line.is_object(), "must be an object with text, prompt and reply, or messages");
  const auto& tokenizer = text.tokenizer;
  TuneRow row;
  std::string learnt;
  row.pictures = pictures_of(line, folder);
  require<UsageError>(row.pictures.empty() || pictures, "has pictures, which this model does not read");
  require<UsageError>(row.pictures.empty() || line.contains("messages"), "\"images\" go with \"messages\"");
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
      if (!row.pictures.empty()) put_places(messages, row.pictures.size());
      row.ids = tokenizer.encode(text.conversation(messages), {.add_special = false});
      if (!row.pictures.empty()) spread(row, *pictures);
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

TuneRows read_tune_rows(const std::filesystem::path& file, const PublishedText& text, int64_t longest,
                        const RowPictures* pictures) {
  auto folder = std::filesystem::absolute(file).parent_path();
  if (std::filesystem::is_directory(folder / "images")) folder /= "images";
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
      TuneRow row = row_of(json, text, folder, pictures);
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
