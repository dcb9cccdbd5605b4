/// English text as it is said: numbers, money, abbreviations and marks as words, in windows that one breath
/// says.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace conclave {

struct SpokenWindow {
  std::vector<std::string> words;  ///< small letters and apostrophes
  double pause = 0;                ///< seconds of silence behind it
};

/// Windows of at most `longest` words, cut at marks first and else into about equal parts. Capitals in a row
/// are spelled; accents fall away. Throws UsageError that names a letter that English does not have, for a
/// word of more than 60 letters, and for text without a word.
std::vector<SpokenWindow> spoken_windows(std::string_view text, int longest = 6);

/// "twelve thousand three hundred forty five"; below a million millions, further digits one by one.
std::vector<std::string> number_words(std::string_view digits);

}  // namespace conclave
