/// Model folders with a tokenizer of one character a token.
#pragma once

#include "framework/base/file.h"
#include "framework/base/json.h"
#include "framework/text/utf8.h"
#include "testing/testing.h"

namespace conclave {

/// The character that stands for an id: U+4E00 and on.
inline std::string letter(int64_t id) {
  std::string text;
  append_utf8(text, static_cast<char32_t>(0x4e00 + id));
  return text;
}

/// A tokenizer of one character a token, so that any ids can be asked for as text.
inline Json letters(int64_t tokens) {
  Json vocabulary = Json::object();
  for (int64_t id = 0; id < tokens; ++id) vocabulary[letter(id)] = id;
  return {{"decoder", {{"type", "Fuse"}}},
          {"model",
           {{"type", "BPE"}, {"vocab", vocabulary}, {"merges", Json::array()}, {"unk_token", letter(0)}}}};
}

inline std::filesystem::path checked_in(const char* folder) {
  return std::filesystem::path(CONCLAVE_SOURCE_DIR) / "tests/parity" / folder;
}

/// A copy of a model folder with a tokenizer in it.
class LetteredFolder {
 public:
  LetteredFolder(const std::filesystem::path& from, int64_t tokens) {
    for (const auto& file : std::filesystem::directory_iterator(from))
      if (!file.path().filename().string().starts_with("README"))
        std::filesystem::copy(file.path(), path() / file.path().filename());
    write("tokenizer.json", letters(tokens));
  }
  std::filesystem::path path() const { return dir_.path(); }
  void write(const char* name, const Json& json) { write_file(path() / name, json.dump()); }

 private:
  testing::TempDir dir_;
};

}  // namespace conclave
