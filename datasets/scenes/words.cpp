#include "datasets/scenes/words.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <unordered_map>

namespace conclave::scenes {
namespace {

struct Change {
  std::string_view from, to;
};

// Slips found in the training statements. Each is one word; the plain form may be several or none.
constexpr Change kSlips[] = {{"atleast", "at least"}, {"leats", "least"},   {"lest", "least"},
                             {"ll", "all"},           {"t", "at"},          {"isa", "is a"},
                             {"ablue", "a blue"},     {"abox", "a box"},    {"wih", "with"},
                             {"yelloe", "yellow"},    {"yelow", "yellow"},  {"ble", "blue"},
                             {"bloxk", "block"},      {"bellow", "below"},  {"back", "black"},
                             {"nealy", "nearly"},     {"beneath", "below"}, {"an", "a"},
                             {"colour", "color"},     {"colours", "color"}, {"colors", "color"},
                             {"are", "is"},           {"have", "has"},      {"contain", "contains"},
                             {"attach", "attached"},  {"ones", "one"},      {"squre", "square"},
                             {"kinds", "kind"},       {"boxes", "box"}};

constexpr std::string_view kNouns[] = {"item", "object", "block", "tower", "circle", "square", "triangle",
                                       "edge", "wall",   "side",  "base",  "corner", "shape"};

const std::unordered_map<std::string_view, std::string_view>& slips() {
  static const auto table = [] {
    std::unordered_map<std::string_view, std::string_view> out;
    for (const Change& change : kSlips) out.emplace(change.from, change.to);
    return out;
  }();
  return table;
}

bool is_noun(std::string_view word) {
  return std::ranges::find(kNouns, word) != std::end(kNouns) || word == "box";
}

void add_words(Words& out, std::string_view text) {
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find(' ', at), text.size());
    out.emplace_back(text.substr(at, end - at));
    at = end + 1;
  }
}

void add_plain(Words& out, std::string word) {
  if (const auto slip = slips().find(word); slip != slips().end()) return add_words(out, slip->second);
  if (word.size() > 1 && word.back() == 's' && is_noun(std::string_view(word).substr(0, word.size() - 1)))
    word.pop_back();
  out.push_back(std::move(word));
}

// Repairs that need a neighbour: "with has" and "than contains" for "that has".
void mend(Words& words) {
  for (size_t i = 0; i + 1 < words.size(); ++i) {
    if (words[i] == "as" && i > 0 && words[i - 1] == "is" && words[i + 1] != "the") words[i] = "a";
    if ((words[i] == "with" || words[i] == "than") && (words[i + 1] == "has" || words[i + 1] == "contains"))
      words[i] = "that";
    if (i == 0 && words[0] == "the" && words[1] == "is") words[0] = "there";
  }
}

}  // namespace

Words plain_words(std::string_view statement) {
  Words out;
  std::string word;
  const auto flush = [&] {
    if (!word.empty()) add_plain(out, std::move(word));
    word.clear();
  };
  for (const char c : statement) {
    if (std::isalnum(static_cast<unsigned char>(c)) || c == '-') {
      word += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    } else {
      flush();
      if (c == ',') out.emplace_back(",");
    }
  }
  flush();
  mend(out);
  return out;
}

namespace {

/// The number a word stands for, or 0.
int number_of(std::string_view word) {
  constexpr std::string_view kNumbers[] = {"one", "two", "three", "four", "five", "six", "seven"};
  if (word.size() == 1 && word[0] >= '1' && word[0] <= '9') return word[0] - '0';
  const auto* found = std::ranges::find(kNumbers, word);
  return found == std::end(kNumbers) ? 0 : static_cast<int>(found - kNumbers) + 1;
}

bool is_adjective(std::string_view word) {
  constexpr std::string_view kAdjectives[] = {"yellow", "black",     "blue",  "grey", "small", "medium",
                                              "big",    "different", "other", "and",  "same"};
  return std::ranges::find(kAdjectives, word) != std::end(kAdjectives);
}

std::string plural_of(std::string_view noun) {
  return std::string(noun) + (noun == "box" ? "es" : "s");
}

bool is_place(std::string_view word) {
  return word == "base" || word == "corner" || word == "wall" || word == "side" || word == "edge";
}

/// Whether the noun at `at` is spoken of in the plural: the nearest determiner before it says so.
bool is_plural(const Words& words, size_t at, Random& random) {
  if (is_place(words[at])) return false;
  for (size_t i = at; i-- > 0;) {
    const std::string& word = words[i];
    if (number_of(word) == 1 || word == "a" || word == "each" || word == "every" || word == "any" ||
        word == "single" || word == "second" || word == "third" || word == "right" || word == "left" ||
        word == "no")
      return false;
    if (number_of(word) > 1 || word == "all" || word == "none") return true;
    if (word == "the")
      return i > 0 && words[i - 1] == "of" && i > 1 && (number_of(words[i - 2]) || words[i - 2] == "none");
    if (!is_adjective(word) && !is_noun(word)) return words[at] != "color" && random.chance(0.8);
  }
  return true;
}

bool subject_is_plural(const Words& words, size_t from) {
  for (size_t i = from; i < words.size(); ++i) {
    if (number_of(words[i]) == 1 || words[i] == "a" || words[i] == "no" || words[i] == "each") return false;
    if (number_of(words[i]) > 1 || words[i] == "all" || words[i] == "none") return true;
  }
  return false;
}

}  // namespace

std::string sentence(const Words& words, double noise, Random& random) {
  const auto slips = [&](double probability) { return random.chance(probability * noise); };
  const bool first_plural = subject_is_plural(words, 0);
  std::string out;
  bool last_plural = first_plural;
  for (size_t i = 0; i < words.size(); ++i) {
    std::string word = words[i];
    const std::string_view next = i + 1 < words.size() ? std::string_view(words[i + 1]) : std::string_view();
    const bool countable = is_noun(word) || (word == "color" && i > 0 && is_adjective(words[i - 1]));
    if (countable && !(is_noun(next) && next != "color")) {
      last_plural = is_plural(words, i, random) != (!is_place(word) && slips(0.012));
      if (word == "color" && slips(0.1)) word = "colour";
      if (last_plural) word = plural_of(word);
    } else if (word == "block" && next == "tower") {
      word = "blocks";
    } else if (word == "is" || word == "has") {
      // "one of the boxes has", "of which two are", else as the noun before.
      const bool partitive = i > 3 &&
                             std::ranges::find(words.begin(), words.begin() + static_cast<long>(i),
                                               "which") == words.begin() + static_cast<long>(i) &&
                             words[1] == "of";
      const bool which = i > 2 && words[i - 1] == "which" && words[i - 2] == "of";
      const bool plural = (which                ? number_of(words[i - 3]) > 1
                           : i < 3 || partitive ? first_plural
                                                : last_plural) != slips(0.03);
      if (plural) word = word == "is" ? "are" : "have";
    } else if (word == "contains") {
      if (last_plural && !words.empty() && number_of(words[0]) != 1) word = "contain";
    } else if (word == "a" && (next == "item" || next == "object")) {
      word = "an";
    } else if (word == "at" && next == "least" && slips(0.04)) {
      word = "atleast", ++i;
    } else if (slips(0.01)) {
      // A slip of the training data that the reader mends.
      const auto* slip = std::ranges::find(kSlips, std::string_view(word), &Change::to);
      if (slip != std::end(kSlips)) word = slip->from;
    }
    if (!out.empty() && word != ",") out += slips(0.01) ? "  " : " ";
    out += word;
  }
  if (out.empty()) return out;
  if ((out.starts_with("at ") || out.starts_with("all ")) && slips(0.2))
    out.erase(0, 1);
  else if (random.chance(1 - 0.35 * noise))
    out[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(out[0])));
  if (random.chance(1 - 0.5 * noise)) out += '.';
  return out;
}

}  // namespace conclave::scenes
