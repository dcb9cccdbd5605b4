#include "datasets/vqa_normalize.h"

#include <sstream>
#include <unordered_map>

#include "framework/text/utf8.h"

namespace conclave {
namespace {

using Words = std::unordered_map<std::string, std::string>;

/// Contractions found with one apostrophe missing. "couldn't've" is known as "couldnt've" and "couldn'tve".
const Words& contractions() {
  static const Words words = [] {
    Words made;
    for (const char* full :
         {"ain't",        "aren't",       "can't",        "could've",      "couldn't",    "couldn't've",
          "didn't",       "doesn't",      "don't",        "hadn't",        "hadn't've",   "hasn't",
          "haven't",      "he'd",         "he'd've",      "he's",          "how'd",       "how'll",
          "how's",        "isn't",        "it'd",         "it'd've",       "it'll",       "ma'am",
          "mightn't",     "mightn't've",  "might've",     "mustn't",       "must've",     "needn't",
          "not've",       "o'clock",      "oughtn't",     "'ow's'at",      "shan't",      "she'd've",
          "should've",    "shouldn't",    "shouldn't've", "somebody'd've", "somebody'll", "somebody's",
          "someone'd",    "someone'd've", "someone'll",   "someone's",     "something'd", "something'd've",
          "something'll", "that's",       "there'd",      "there'd've",    "there're",    "there's",
          "they'd",       "they'd've",    "they'll",      "they're",       "they've",     "'twas",
          "wasn't",       "we'd've",      "we've",        "weren't",       "what'll",     "what're",
          "what's",       "what've",      "when's",       "where'd",       "where's",     "where've",
          "who'd",        "who'd've",     "who'll",       "who's",         "who've",      "why'll",
          "why're",       "why's",        "won't",        "would've",      "wouldn't",    "wouldn't've",
          "y'all",        "y'all'll",     "y'all'd've",   "you'd",         "you'd've",    "you'll",
          "you're",       "you've"}) {
      const std::string word = full;
      for (size_t at = word.find('\''); at != word.npos; at = word.find('\'', at + 1))
        made.emplace(word.substr(0, at) + word.substr(at + 1), word);
    }
    made["somebody'd"] = "somebodyd";  // as the official table has it
    return made;
  }();
  return words;
}

const Words& number_words() {
  static const Words words = {{"none", "0"},  {"zero", "0"},  {"one", "1"},  {"two", "2"},
                              {"three", "3"}, {"four", "4"},  {"five", "5"}, {"six", "6"},
                              {"seven", "7"}, {"eight", "8"}, {"nine", "9"}, {"ten", "10"}};
  return words;
}

void replace_all(std::string& text, std::string_view what, std::string_view by) {
  for (size_t at = 0; (at = text.find(what, at)) != text.npos; at += by.size())
    text.replace(at, what.size(), by);
}

/// A sign that touches a space anywhere is dropped everywhere, else it becomes a space; a full stop goes
/// unless a digit follows.
std::string without_punctuation(const std::string& text) {
  std::string result = text;
  for (const char sign : std::string_view(";/[]\"{}()=+\\_->@`!<")) {
    const std::string before = {sign, ' '}, after = {' ', sign};
    const bool loose = text.find(before) != text.npos || text.find(after) != text.npos;
    replace_all(result, std::string_view(&sign, 1), loose ? "" : " ");
  }
  std::string kept;
  for (size_t i = 0; i < result.size(); ++i) {
    const bool digit_follows = i + 1 < result.size() && result[i + 1] >= '0' && result[i + 1] <= '9';
    if (result[i] != '.' || digit_follows) kept += result[i];
  }
  return kept;
}

}  // namespace

std::string normalize_answer(std::string_view answer) {
  std::string text = lower_case(answer);
  replace_all(text, ",", "");
  replace_all(text, "?", "");
  replace_all(text, "'s", " 's");
  for (char& c : text)
    if (c == '\n' || c == '\t') c = ' ';
  const auto begin = text.find_first_not_of(" \r\f\v"), end = text.find_last_not_of(" \r\f\v");
  text = begin == text.npos ? "" : text.substr(begin, end - begin + 1);

  std::istringstream words(without_punctuation(text));
  std::string result;
  for (std::string word; words >> word;) {
    if (const auto number = number_words().find(word); number != number_words().end()) word = number->second;
    if (word == "a" || word == "an" || word == "the") continue;
    if (const auto full = contractions().find(word); full != contractions().end()) word = full->second;
    result += (result.empty() ? "" : " ") + word;
  }
  return result;
}

}  // namespace conclave
