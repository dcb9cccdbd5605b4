#include "framework/text/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "framework/base/error.h"

namespace conclave {
namespace {

constexpr size_t kPatternLimit = 1 << 16;

std::string message_of(int code) {
  PCRE2_UCHAR text[256];
  pcre2_get_error_message(code, text, sizeof text);
  return reinterpret_cast<const char*>(text);
}

}  // namespace

Regex::Regex(const std::string& pattern) : pattern_(pattern) {
  require<UsageError>(pattern.size() <= kPatternLimit, "regular expression of {} bytes: the limit is {}",
                      pattern.size(), kPatternLimit);
  int error = 0;
  PCRE2_SIZE offset = 0;
  auto* code = pcre2_compile(
      reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(),
      PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE | PCRE2_MATCH_INVALID_UTF | PCRE2_NEVER_BACKSLASH_C, &error,
      &offset, nullptr);
  require<UsageError>(code != nullptr, "regular expression '{}': at offset {}: {}", pattern, offset,
                      message_of(error));
  code_ = std::shared_ptr<void>(code, [](void* p) { pcre2_code_free(static_cast<pcre2_code*>(p)); });
  pcre2_jit_compile(code,
                    PCRE2_JIT_COMPLETE);  // without a JIT the interpreter runs: slower, the same matches
}

std::vector<Regex::Span> Regex::find_all(std::string_view text) const {
  const auto* code = static_cast<const pcre2_code*>(code_.get());
  const std::unique_ptr<pcre2_match_data, decltype(&pcre2_match_data_free)> data(
      pcre2_match_data_create(1, nullptr), pcre2_match_data_free);
  std::vector<Span> spans;
  const auto subject = reinterpret_cast<PCRE2_SPTR>(text.data());
  for (size_t at = 0; at <= text.size();) {
    int found = pcre2_match(code, subject, text.size(), at, 0, data.get(), nullptr);
    if (found == PCRE2_ERROR_JIT_STACKLIMIT)  // the interpreter keeps its stack on the heap
      found = pcre2_match(code, subject, text.size(), at, PCRE2_NO_JIT, data.get(), nullptr);
    if (found == PCRE2_ERROR_NOMATCH) break;
    require(found >= 0, "regular expression '{}': {}", pattern_, message_of(found));
    const PCRE2_SIZE* ends = pcre2_get_ovector_pointer(data.get());
    const bool empty = ends[0] == ends[1];
    if (!empty || spans.empty() || spans.back().end != ends[1]) spans.push_back({ends[0], ends[1]});
    at = ends[1];
    if (empty) ++at;  // step over one character
    while (empty && at < text.size() && (static_cast<unsigned char>(text[at]) & 0xc0) == 0x80) ++at;
  }
  return spans;
}

std::vector<Regex::Span> find_string(std::string_view text, std::string_view wanted) {
  std::vector<Regex::Span> spans;
  if (wanted.empty()) return spans;
  for (size_t at = 0; (at = text.find(wanted, at)) != text.npos; at += wanted.size())
    spans.push_back({at, at + wanted.size()});
  return spans;
}

}  // namespace conclave
