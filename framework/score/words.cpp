#include "framework/score/words.h"

#include <array>
#include <set>

#include "framework/base/error.h"
#include "framework/text/utf8.h"

namespace conclave {
namespace {

bool digit(char c) {
  return c >= '0' && c <= '9';
}

// {|}~ [\]^_` space " # $ % & ( ) * + : ; < = > ? @ / and !: always a word of its own.
bool apart(char c) {
  return (c >= '{' && c <= '~') || (c >= '[' && c <= '`') || (c >= ' ' && c <= '&') ||
         (c >= '(' && c <= '+') || (c >= ':' && c <= '@') || c == '/';
}

bool stop(char c) {
  return c == '.' || c == ',';
}

// One pass of a substitution that looks at two neighbours: after a match both are used up.
template <class Matches, class Write>
std::string pairwise(const std::string& text, Matches matches, Write write) {
  std::string out;
  for (size_t i = 0; i < text.size();) {
    if (i + 1 < text.size() && matches(text[i], text[i + 1])) {
      write(out, text[i], text[i + 1]);
      i += 2;
    } else {
      out += text[i++];
    }
  }
  return out;
}

// The four substitutions of mteval-v13a. They look at ASCII alone, so bytes of other characters count as
// "no digit": a character before a full stop is at least one such byte.
std::string separate(const std::string& line) {
  std::string text;
  for (const char c : line) {
    if (apart(c))
      (text += ' ', text += c) += ' ';
    else
      text += c;
  }
  text = pairwise(
      text, [](char a, char b) { return !digit(a) && stop(b); },
      [](std::string& out, char a, char b) { ((out += a) += ' ', out += b) += ' '; });
  text = pairwise(
      text, [](char a, char b) { return stop(a) && !digit(b); },
      [](std::string& out, char a, char b) { ((out += ' ') += a, out += ' ') += b; });
  return pairwise(
      text, [](char a, char b) { return digit(a) && b == '-'; },
      [](std::string& out, char a, char b) { ((out += a) += ' ', out += b) += ' '; });
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (size_t at = 0; (at = text.find(from, at)) != text.npos; at += to.size())
    text.replace(at, from.size(), to);
}

std::string mteval(std::string text) {
  replace_all(text, "<skipped>", "");
  replace_all(text, "-\n", "");
  replace_all(text, "\n", " ");
  for (const auto& [from, to] : {std::pair{"&quot;", "\""}, {"&amp;", "&"}, {"&lt;", "<"}, {"&gt;", ">"}})
    replace_all(text, from, to);
  return separate(' ' + text + ' ');
}

bool chinese(char32_t c) {
  static constexpr std::array<std::pair<char32_t, char32_t>, 20> kRanges = {
      {{0x3400, 0x4db5}, {0x4e00, 0x9fa5}, {0x9fa6, 0x9fbb}, {0xf900, 0xfa2d}, {0xfa30, 0xfa6a},
       {0xfa70, 0xfad9}, {0xff00, 0xffef}, {0x2e80, 0x2eff}, {0x3000, 0x303f}, {0x31c0, 0x31ef},
       {0x2f00, 0x2fdf}, {0x2ff0, 0x2fff}, {0x3100, 0x312f}, {0x31a0, 0x31bf}, {0xfe10, 0xfe1f},
       {0xfe30, 0xfe4f}, {0x2600, 0x26ff}, {0x2700, 0x27bf}, {0x3200, 0x32ff}, {0x3300, 0x33ff}}};
  for (const auto& [low, high] : kRanges)
    if (c >= low && c <= high) return true;
  return false;
}

// Calls `take(character, its code point)` for each character; broken bytes become U+FFFD.
template <class Take>
void each_character(std::string_view text, Take take) {
  const std::string sound = replace_broken_utf8(text);
  for (size_t at = 0; at < sound.size();) {
    const size_t length = next_utf8(sound, at).length;
    take(std::string_view(sound).substr(at, length), code_point(sound, at, length));
    at += length;
  }
}

std::string with_chinese_apart(std::string_view text) {
  std::string out;
  each_character(text, [&](std::string_view character, char32_t point) {
    if (chinese(point))
      ((out += ' ') += character) += ' ';
    else
      out += character;
  });
  return out;
}

Words at_blanks(std::string_view text) {
  Words words(1);
  each_character(text, [&](std::string_view character, char32_t point) {
    if (!is_space(point))
      words.back() += character;
    else if (!words.back().empty())
      words.emplace_back();
  });
  if (words.back().empty()) words.pop_back();
  return words;
}

std::string only_letters_and_digits(std::string text) {
  text = lower_case(text);
  for (char& c : text)
    if (!digit(c) && !(c >= 'a' && c <= 'z')) c = ' ';
  return text;
}

bool punctuation(const std::string& word) {
  static const std::set<std::string_view> kMarks = {"''", "'",   "``", "`",  "(", ")",  "[", "]",
                                                    "{",  "}",   ".",  "?",  "!", ",",  ":", "-",
                                                    "--", "...", ";",  "\"", "/", "\\", "_"};
  return kMarks.contains(word);
}

Words without_punctuation(Words words) {
  std::erase_if(words, punctuation);
  return words;
}

}  // namespace

Splitting parse_splitting(const std::string& name) {
  static constexpr std::pair<const char*, Splitting> kNames[] = {
      {"13a", Splitting::mteval_13a}, {"zh", Splitting::chinese},        {"char", Splitting::characters},
      {"blanks", Splitting::blanks},  {"rouge", Splitting::plain_words}, {"coco", Splitting::coco_captions}};
  for (const auto& [known, splitting] : kNames)
    if (name == known) return splitting;
  throw UsageError(fmt::format("'{}' is no way to split words: 13a, zh, char, blanks, rouge or coco", name));
}

Words split_words(std::string_view text, Splitting splitting) {
  switch (splitting) {
    case Splitting::mteval_13a:
      return at_blanks(mteval(std::string(text)));
    case Splitting::chinese:
      return at_blanks(separate(with_chinese_apart(text)));
    case Splitting::characters: {
      Words words;
      each_character(text, [&](std::string_view character, char32_t point) {
        if (!is_space(point)) words.emplace_back(character);
      });
      return words;
    }
    case Splitting::plain_words:
      return at_blanks(only_letters_and_digits(std::string(text)));
    case Splitting::coco_captions:
      return without_punctuation(at_blanks(lower_case(mteval(std::string(text)))));
    case Splitting::blanks:
      break;
  }
  return at_blanks(text);
}

}  // namespace conclave
