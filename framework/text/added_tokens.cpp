#include "framework/text/added_tokens.h"

#include <utf8proc.h>

#include <algorithm>
#include <tuple>

#include "framework/text/utf8.h"

namespace conclave {
namespace {

enum class Class { kSpace, kWord, kOther };

Class class_of(std::string_view text, size_t at, size_t length) {
  const char32_t character = code_point(text, at, length);
  if (is_space(character)) return Class::kSpace;
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(character))) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_PC:
      return Class::kWord;
    default:
      return Class::kOther;
  }
}

/// The character that ends before `end`: its class and its length, 0 at the beginning or at broken bytes.
std::pair<Class, size_t> before(std::string_view text, size_t end) {
  for (size_t length = 1; length <= 4 && length <= end; ++length) {
    const auto step = next_utf8(text.substr(0, end), end - length);
    if (step.kind == Utf8Step::kValid && step.length == length)
      return {class_of(text, end - length, length), length};
  }
  return {Class::kOther, 0};
}

std::pair<Class, size_t> after(std::string_view text, size_t begin) {
  if (begin >= text.size()) return {Class::kOther, 0};
  const auto step = next_utf8(text, begin);
  if (step.kind != Utf8Step::kValid) return {Class::kOther, 0};
  return {class_of(text, begin, step.length), step.length};
}

}  // namespace

AddedTokenFinder::AddedTokenFinder(const std::vector<AddedToken>& tokens) {
  for (const auto& token : tokens)
    if (!token.content.empty()) tokens_.push_back(token);
  std::stable_sort(tokens_.begin(), tokens_.end(), [](const AddedToken& a, const AddedToken& b) {
    return a.content.size() > b.content.size();
  });
  for (uint32_t i = 0; i < tokens_.size(); ++i)
    first_[static_cast<uint8_t>(tokens_[i].content[0])].push_back(i);
}

std::vector<AddedTokenFinder::Match> AddedTokenFinder::find_all(std::string_view text) const {
  std::vector<Match> matches;
  size_t free_from = 0;  // end of the last match, with the white space it took
  for (size_t at = 0; at < text.size();) {
    const AddedToken* found = nullptr;
    for (const uint32_t i : first_[static_cast<uint8_t>(text[at])]) {
      if (text.substr(at, tokens_[i].content.size()) == tokens_[i].content) {
        found = &tokens_[i];
        break;
      }
    }
    if (!found) {
      ++at;
      continue;
    }
    Match match{at, at + found->content.size(), found->id};
    at = match.end;
    if (found->single_word &&
        (before(text, match.begin).first == Class::kWord || after(text, match.end).first == Class::kWord))
      continue;
    if (found->lstrip)
      for (auto [kind, n] = before(text, match.begin); kind == Class::kSpace && match.begin >= free_from + n;
           std::tie(kind, n) = before(text, match.begin))
        match.begin -= n;
    if (found->rstrip)
      for (auto [kind, n] = after(text, match.end); kind == Class::kSpace;
           std::tie(kind, n) = after(text, match.end))
        match.end += n;
    free_from = match.end;
    at = match.end;
    matches.push_back(match);
  }
  return matches;
}

}  // namespace conclave
