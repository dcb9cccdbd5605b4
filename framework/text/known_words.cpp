#include "framework/text/known_words.h"

#include <algorithm>
#include <functional>

#include "framework/base/error.h"
#include "framework/base/file.h"

namespace conclave {
namespace {

constexpr size_t kMaxBytes = size_t{64} << 20;  // of a file

bool is_capital(char c) {
  return c >= 'A' && c <= 'Z';
}

bool in_word(char c) {
  return is_capital(c) || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '\'' ||
         static_cast<unsigned char>(c) > 127;
}

void each_word(std::string_view text, const std::function<void(const std::string&)>& visit) {
  std::string word;
  const auto end_word = [&] {
    while (!word.empty() && word.back() == '\'') word.pop_back();
    word.erase(0, word.find_first_not_of('\''));
    if (!word.empty()) visit(word);
    word.clear();
  };
  for (const char c : text) {
    if (in_word(c))
      word += c;
    else
      end_word();
  }
  end_word();
}

std::string small(std::string word) {
  for (char& c : word)
    if (is_capital(c)) c = static_cast<char>(c - 'A' + 'a');
  return word;
}

}  // namespace

void KnownWords::add(std::string_view text) {
  each_word(text, [&](const std::string& word) { words_.insert(small(word)); });
}

std::vector<std::string> KnownWords::unknown(std::string_view text) const {
  std::vector<std::string> found;
  if (empty()) return found;
  each_word(text, [&](const std::string& word) {
    const bool shouted = std::any_of(word.begin() + 1, word.end(), is_capital);
    if ((shouted || !words_.contains(small(word))) &&
        std::find(found.begin(), found.end(), word) == found.end())
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
