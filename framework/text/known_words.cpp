#include "framework/text/known_words.h"

#include <algorithm>
#include <functional>

#include "framework/base/error.h"
#include "framework/base/file.h"

namespace conclave {
namespace {

constexpr size_t kMaxBytes = size_t{64} << 20;  // of a file

bool in_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '\'' || static_cast<unsigned char>(c) > 127;
}

void each_word(std::string_view text, const std::function<void(const std::string&)>& visit) {
  std::string word;
  const auto end_word = [&] {
    while (!word.empty() && word.back() == '\'') word.pop_back();
    word.erase(0, word.find_first_not_of('\''));
    if (!word.empty()) visit(word);
    word.clear();
  };
  for (char c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (in_word(c))
      word += c;
    else
      end_word();
  }
  end_word();
}

}  // namespace

void KnownWords::add(std::string_view text) {
  each_word(text, [&](const std::string& word) { words_.insert(word); });
}

std::vector<std::string> KnownWords::unknown(std::string_view text) const {
  std::vector<std::string> found;
  if (empty()) return found;
  each_word(text, [&](const std::string& word) {
    if (!words_.contains(word) && std::find(found.begin(), found.end(), word) == found.end())
      found.push_back(word);
  });
  return found;
}

void KnownWords::save(const std::filesystem::path& file) const {
  std::string text;
  for (const auto& word : words_) text += word + "\n";
  write_file(file, text);
}

KnownWords KnownWords::load(const std::filesystem::path& file) {
  const std::string text = read_file(file, kMaxBytes);
  KnownWords known;
  known.add(text);
  if (known.empty() != text.empty() || text.find('\0') != text.npos)
    throw DataError(file.string(), "", "is no list of words, one a line");
  return known;
}

}  // namespace conclave
