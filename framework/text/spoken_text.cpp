#include "framework/text/spoken_text.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <map>
#include <memory>
#include <sstream>

#include "framework/base/error.h"

namespace conclave {
namespace {

constexpr double kCommaPause = 0.2, kStopPause = 0.4, kNoPause = 0.03;  // seconds
constexpr size_t kLongestNumber = 12;                                   // digits that are said as one number

constexpr std::array<const char*, 20> kSmall = {"zero",    "one",     "two",       "three",    "four",
                                                "five",    "six",     "seven",     "eight",    "nine",
                                                "ten",     "eleven",  "twelve",    "thirteen", "fourteen",
                                                "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"};
constexpr std::array<const char*, 10> kTens = {"",      "",      "twenty",  "thirty", "forty",
                                               "fifty", "sixty", "seventy", "eighty", "ninety"};

using Words = std::vector<std::string>;

void append(Words& words, const Words& more) {
  words.insert(words.end(), more.begin(), more.end());
}

Words below_thousand(int number) {
  Words words;
  if (number >= 100) words = {kSmall[static_cast<size_t>(number / 100)], "hundred"};
  number %= 100;
  if (number >= 20) words.emplace_back(kTens[static_cast<size_t>(number / 10)]);
  if (number >= 20) number %= 10;
  if (number > 0) words.emplace_back(kSmall[static_cast<size_t>(number)]);
  return words;
}

Words one_by_one(std::string_view digits) {
  Words words;
  for (const char digit : digits) words.emplace_back(kSmall[static_cast<size_t>(digit - '0')]);
  return words;
}

std::string ordinal(const std::string& word) {
  static const std::map<std::string, std::string> kOdd = {
      {"one", "first"},    {"two", "second"}, {"three", "third"},   {"five", "fifth"},
      {"eight", "eighth"}, {"nine", "ninth"}, {"twelve", "twelfth"}};
  if (const auto odd = kOdd.find(word); odd != kOdd.end()) return odd->second;
  return word.ends_with('y') ? word.substr(0, word.size() - 1) + "ieth" : word + "th";
}

const std::map<std::string, std::string>& abbreviations() {
  static const std::map<std::string, std::string> kTable = {{"mr.", "mister"},
                                                            {"mrs.", "missus"},
                                                            {"ms.", "miz"},
                                                            {"dr.", "doctor"},
                                                            {"prof.", "professor"},
                                                            {"st.", "saint"},
                                                            {"e.g.", "for example"},
                                                            {"i.e.", "that is"},
                                                            {"etc.", "et cetera"},
                                                            {"vs.", "versus"},
                                                            {"no.", "number"},
                                                            {"fig.", "figure"},
                                                            {"approx.", "approximately"},
                                                            {"dept.", "department"},
                                                            {"inc.", "incorporated"}};
  return kTable;
}

const std::map<char, const char*>& signs() {
  static const std::map<char, const char*> kTable = {{'&', "and"},    {'%', "percent"}, {'+', "plus"},
                                                     {'=', "equals"}, {'@', "at"},      {'#', "number"},
                                                     {'$', "dollars"}};
  return kTable;
}

// Plain letters, digits and marks: accents fall away, quotes and dashes become those of a typewriter.
std::string plain(std::string_view text) {
  utf8proc_uint8_t* made = nullptr;
  const auto size = utf8proc_map(
      reinterpret_cast<const utf8proc_uint8_t*>(text.data()), static_cast<utf8proc_ssize_t>(text.size()),
      &made, static_cast<utf8proc_option_t>(UTF8PROC_COMPAT | UTF8PROC_DECOMPOSE | UTF8PROC_STRIPMARK));
  const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owned(made, &std::free);
  require<UsageError>(size >= 0, "the text is no UTF-8");
  static const std::map<utf8proc_int32_t, char> kLike = {
      {0x2018, '\''}, {0x2019, '\''}, {0x201c, '"'}, {0x201d, '"'}, {0x2010, '-'}, {0x2011, '-'},
      {0x2012, '-'},  {0x2013, ';'},  {0x2014, ';'}, {0xab, '"'},   {0xbb, '"'}};
  std::string out;
  for (utf8proc_ssize_t at = 0; at < size;) {
    utf8proc_int32_t point = 0;
    const auto step = utf8proc_iterate(made + at, size - at, &point);
    const auto like = kLike.find(point);
    if (like != kLike.end())
      out += like->second;
    else if (point < 0x80)
      out += std::iscntrl(point) ? ' ' : static_cast<char>(point);
    else
      throw UsageError(
          fmt::format("\"{}\" cannot be said: only English is spoken",
                      std::string_view(reinterpret_cast<const char*>(made + at), static_cast<size_t>(step))));
    at += step;
  }
  return out;
}

bool letter(char c) {
  return std::isalpha(static_cast<unsigned char>(c)) != 0;
}
bool digit(char c) {
  return c >= '0' && c <= '9';
}
std::string small_letters(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

// Words and marks of one piece of text between blanks.
class TokenReader {
 public:
  explicit TokenReader(std::vector<SpokenWindow>& phrases) : phrases_(phrases) {}

  void read(std::string_view token) {
    while (!token.empty() && std::string_view("\"'([{<").find(token.front()) != std::string_view::npos)
      token.remove_prefix(1);
    const std::string low = small_letters(token);
    if (const auto found = abbreviations().find(low); found != abbreviations().end()) {
      std::istringstream words(found->second);
      for (std::string word; words >> word;) say({word});
      return;
    }
    while (!token.empty()) part(token);
  }

 private:
  void say(const Words& words) { append(phrases_.back().words, words); }
  void pause(double seconds) {
    if (phrases_.back().words.empty()) {
      if (phrases_.size() > 1)
        phrases_[phrases_.size() - 2].pause = std::max(phrases_[phrases_.size() - 2].pause, seconds);
      return;
    }
    phrases_.back().pause = seconds;
    phrases_.emplace_back();
  }

  void part(std::string_view& token) {
    const char c = token.front();
    const bool money = c == '$' && token.size() > 1 && digit(token[1]);
    if (digit(c) || money) {
      if (money) token.remove_prefix(1);
      number(token, money);
    } else if (letter(c)) {
      word(token);
    } else {
      token.remove_prefix(1);
      if (c == '.' || c == '!' || c == '?')
        pause(kStopPause);
      else if (c == ',' || c == ';' || c == ':' || c == ')' || c == '(')
        pause(kCommaPause);
      else if (const auto sign = signs().find(c); sign != signs().end())
        say({sign->second});
    }
  }

  void word(std::string_view& token) {
    size_t end = 0;
    while (end < token.size() &&
           (letter(token[end]) || (token[end] == '\'' && end + 1 < token.size() && letter(token[end + 1]))))
      ++end;
    const std::string_view spelled = token.substr(0, end);
    const bool capitals = end > 1 && end <= 5 && std::all_of(spelled.begin(), spelled.end(), [](char c) {
                            return c >= 'A' && c <= 'Z';
                          });
    if (capitals)
      for (const char c : spelled) say({small_letters(std::string_view(&c, 1))});
    else
      say({small_letters(spelled)});
    token.remove_prefix(end);
  }

  // 1,234.5 and 3rd and 10:30 and 50%.
  void number(std::string_view& token, bool money) {
    std::string digits;
    size_t end = 0;
    for (; end < token.size(); ++end) {
      if (digit(token[end]))
        digits += token[end];
      else if (!(token[end] == ',' && token.size() > end + 3 && digit(token[end + 1]) &&
                 digit(token[end + 2]) && digit(token[end + 3]) &&
                 (token.size() == end + 4 || !digit(token[end + 4]))))
        break;
    }
    token.remove_prefix(end);
    Words words = number_words(digits);
    if (token.size() > 1 && token[0] == '.' && digit(token[1])) {
      token.remove_prefix(1);
      size_t places = 0;
      while (places < token.size() && digit(token[places])) ++places;
      words.emplace_back("point");
      append(words, one_by_one(token.substr(0, places)));
      token.remove_prefix(places);
    } else if (const std::string ending = small_letters(token.substr(0, 2));
               (ending == "st" || ending == "nd" || ending == "rd" || ending == "th") &&
               (token.size() == 2 || !letter(token[2]))) {
      words.back() = ordinal(words.back());
      token.remove_prefix(2);
    } else if (token.size() > 2 && token[0] == ':' && digit(token[1]) && digit(token[2]) &&
               (token.size() == 3 || !digit(token[3]))) {  // a time of day
      if (token[1] == '0') words.emplace_back(token[2] == '0' ? "o'clock" : "oh");
      token.remove_prefix(token[1] != '0' ? 1 : token[2] == '0' ? 3 : 2);
    }
    if (money) words.emplace_back(words == Words{"one"} ? "dollar" : "dollars");
    say(words);
  }

  std::vector<SpokenWindow>& phrases_;
};

}  // namespace

std::vector<std::string> number_words(std::string_view digits) {
  static constexpr std::array<const char*, 4> kThousands = {"", "thousand", "million", "billion"};
  if (digits.size() > kLongestNumber || (digits.size() > 1 && digits[0] == '0')) return one_by_one(digits);
  Words words;
  for (size_t group = (digits.size() + 2) / 3; group-- > 0;) {
    const size_t end = digits.size() - 3 * group, begin = end < 3 ? 0 : end - 3;
    const int value = std::atoi(std::string(digits.substr(begin, end - begin)).c_str());
    if (value == 0) continue;
    append(words, below_thousand(value));
    if (group > 0) words.emplace_back(kThousands[group]);
  }
  return words.empty() ? Words{"zero"} : words;
}

constexpr size_t kLongestWord = 60;  // letters: what is longer is no word, and takes long to pronounce

std::vector<SpokenWindow> spoken_windows(std::string_view text, int longest) {
  std::vector<SpokenWindow> phrases(1);
  std::istringstream tokens(plain(text));
  TokenReader reader(phrases);
  for (std::string token; tokens >> token;) reader.read(token);
  std::vector<SpokenWindow> windows;
  for (const auto& phrase : phrases) {
    for (const auto& word : phrase.words)
      require<UsageError>(word.size() <= kLongestWord,
                          "\"{}...\" is a word of {} letters: at most {} are said", word.substr(0, 20),
                          word.size(), kLongestWord);
    const auto count = phrase.words.size(), most = static_cast<size_t>(std::max(longest, 1));
    const size_t parts = (count + most - 1) / most;
    for (size_t i = 0; i < parts; ++i) {
      const auto from = static_cast<std::ptrdiff_t>(count * i / parts),
                 to = static_cast<std::ptrdiff_t>(count * (i + 1) / parts);
      windows.push_back({{phrase.words.begin() + from, phrase.words.begin() + to},
                         i + 1 == parts ? phrase.pause : kNoPause});
    }
  }
  require<UsageError>(!windows.empty(), "there is no word in the text");
  return windows;
}

}  // namespace conclave
