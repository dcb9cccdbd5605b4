#include "framework/text/utf8.h"

#include <utf8proc.h>

#include <cstdint>
#include <cstdlib>

#include "framework/base/error.h"

namespace conclave {
namespace {

void append_normalized(std::string& to, std::string_view valid, UnicodeForm form) {
  if (valid.empty()) return;
  int options = UTF8PROC_STABLE;
  if (form == UnicodeForm::kNfkc || form == UnicodeForm::kNfkd) options |= UTF8PROC_COMPAT;
  options |= form == UnicodeForm::kNfc || form == UnicodeForm::kNfkc ? UTF8PROC_COMPOSE : UTF8PROC_DECOMPOSE;
  utf8proc_uint8_t* result = nullptr;
  const auto length = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(valid.data()),
                                   static_cast<utf8proc_ssize_t>(valid.size()), &result,
                                   static_cast<utf8proc_option_t>(options));
  if (length < 0) throw Error(fmt::format("Unicode normalisation: {}", utf8proc_errmsg(length)));
  to.append(reinterpret_cast<const char*>(result), static_cast<size_t>(length));
  std::free(result);
}

}  // namespace

Utf8Step next_utf8(std::string_view bytes, size_t at) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(bytes[i]); };
  const uint8_t lead = byte(at);
  if (lead < 0x80) return {Utf8Step::kValid, 1};
  size_t length = 0;
  uint8_t low = 0x80, high = 0xbf;  // of the second byte: no overlong forms, no surrogates, at most U+10FFFF
  if (lead >= 0xc2 && lead <= 0xdf) {
    length = 2;
  } else if (lead >= 0xe0 && lead <= 0xef) {
    length = 3;
    if (lead == 0xe0) low = 0xa0;
    if (lead == 0xed) high = 0x9f;
  } else if (lead >= 0xf0 && lead <= 0xf4) {
    length = 4;
    if (lead == 0xf0) low = 0x90;
    if (lead == 0xf4) high = 0x8f;
  } else {
    return {Utf8Step::kBroken, 1};
  }
  for (size_t i = 1; i < length; ++i, low = 0x80, high = 0xbf) {
    if (at + i >= bytes.size()) return {Utf8Step::kIncomplete, i};
    if (byte(at + i) < low || byte(at + i) > high) return {Utf8Step::kBroken, i};
  }
  return {Utf8Step::kValid, length};
}

std::string replace_broken_utf8(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size());
  for (size_t at = 0; at < bytes.size();) {
    const auto step = next_utf8(bytes, at);
    if (step.kind == Utf8Step::kValid)
      text.append(bytes.substr(at, step.length));
    else
      text += "\xef\xbf\xbd";
    at += step.length;
  }
  return text;
}

char32_t code_point(std::string_view bytes, size_t at, size_t length) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(bytes[at + i]); };
  if (length == 1) return byte(0);
  char32_t value = byte(0) & (0xffu >> (length + 1));
  for (size_t i = 1; i < length; ++i) value = value << 6 | (byte(i) & 0x3fu);
  return value;
}

void append_utf8(std::string& to, char32_t code_point) {
  utf8proc_uint8_t bytes[4];
  const auto length = utf8proc_encode_char(static_cast<utf8proc_int32_t>(code_point), bytes);
  to.append(reinterpret_cast<const char*>(bytes), static_cast<size_t>(length));
}

std::string normalize_unicode(std::string_view bytes, UnicodeForm form) {
  std::string text;
  text.reserve(bytes.size());
  size_t start = 0;
  for (size_t at = 0; at < bytes.size();) {
    const auto step = next_utf8(bytes, at);
    if (step.kind != Utf8Step::kValid) {
      append_normalized(text, bytes.substr(start, at - start), form);
      text.append(bytes.substr(at, step.length));
      start = at + step.length;
    }
    at += step.length;
  }
  append_normalized(text, bytes.substr(start), form);
  return text;
}

bool is_space(char32_t code_point) {
  if (code_point == ' ' || (code_point >= '\t' && code_point <= '\r') || code_point == 0x85) return true;
  const auto category = utf8proc_category(static_cast<utf8proc_int32_t>(code_point));
  return category == UTF8PROC_CATEGORY_ZS || category == UTF8PROC_CATEGORY_ZL ||
         category == UTF8PROC_CATEGORY_ZP;
}

std::string lower_case(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size());
  for (size_t at = 0; at < bytes.size();) {
    const auto step = next_utf8(bytes, at);
    if (step.kind == Utf8Step::kValid) {
      const char32_t character = code_point(bytes, at, step.length);
      if (character == 0x130)  // the one capital whose small form is two characters
        text += "i\xcc\x87";
      else
        append_utf8(text, static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(character))));
    } else {
      text.append(bytes.substr(at, step.length));
    }
    at += step.length;
  }
  return text;
}

}  // namespace conclave
