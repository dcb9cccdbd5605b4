/// UTF-8 seen as bytes that may be broken: nothing here throws on bad input.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace conclave {

/// What stands at a place of a byte string: one code point, a broken sequence, or one that ends too early.
struct Utf8Step {
  enum Kind { kValid, kBroken, kIncomplete } kind;
  size_t length;  ///< bytes; for a broken sequence the longest prefix that could have begun a code point
};

/// Looks at `bytes` from `at` (< bytes.size()).
Utf8Step next_utf8(std::string_view bytes, size_t at);

/// `bytes` with every broken or cut sequence replaced by U+FFFD.
std::string replace_broken_utf8(std::string_view bytes);

/// The code point of a valid sequence of `length` bytes at `at`.
char32_t code_point(std::string_view bytes, size_t at, size_t length);

void append_utf8(std::string& to, char32_t code_point);

enum class UnicodeForm { kNfc, kNfd, kNfkc, kNfkd };

/// `bytes` in a Unicode normal form; broken sequences stay as they are.
std::string normalize_unicode(std::string_view bytes, UnicodeForm form);

/// True for Unicode's White_Space.
bool is_space(char32_t code_point);

/// Every character in lower case by itself, whatever stands around it.
std::string lower_case(std::string_view bytes);

}  // namespace conclave
