#include "framework/text/normalizer.h"

#include "framework/base/error.h"

namespace conclave {
namespace {

std::string replace(std::string_view text, const std::vector<Regex::Span>& spans, std::string_view content) {
  std::string result;
  result.reserve(text.size());
  size_t at = 0;
  for (const auto& span : spans) {
    result += text.substr(at, span.begin - at);
    result += content;
    at = span.end;
  }
  result += text.substr(at);
  return result;
}

std::string strip(std::string_view text, bool left, bool right) {
  const auto space_at = [&](size_t at, size_t length) { return is_space(code_point(text, at, length)); };
  while (left && !text.empty()) {
    const auto step = next_utf8(text, 0);
    if (step.kind != Utf8Step::kValid || !space_at(0, step.length)) break;
    text.remove_prefix(step.length);
  }
  while (right && !text.empty()) {
    size_t at = text.size() - 1;
    while (at > 0 && (static_cast<uint8_t>(text[at]) & 0xc0) == 0x80) --at;
    const auto step = next_utf8(text, at);
    if (step.kind != Utf8Step::kValid || at + step.length != text.size() || !space_at(at, step.length)) break;
    text.remove_suffix(step.length);
  }
  return std::string(text);
}

}  // namespace

Normalizer::Normalizer(std::vector<NormalStep> steps) : steps_(std::move(steps)) {
  for (const auto& step : steps_) {
    auto& regex = regexes_.emplace_back();
    if (step.kind == NormalStep::Kind::kReplaceRegex) regex.emplace_back(step.pattern);
    require<UsageError>(step.kind != NormalStep::Kind::kCharMap || step.map,
                        "a character map step without its map");
  }
}

std::string Normalizer::apply(std::string_view text) const {
  std::string normal(text);
  for (size_t i = 0; i < steps_.size(); ++i) {
    const auto& step = steps_[i];
    switch (step.kind) {
      case NormalStep::Kind::kForm:
        normal = normalize_unicode(normal, step.form);
        break;
      case NormalStep::Kind::kLowercase:
        normal = lower_case(normal);
        break;
      case NormalStep::Kind::kPrepend:
        if (!normal.empty()) normal.insert(0, step.content);
        break;
      case NormalStep::Kind::kReplaceString:
        normal = replace(normal, find_string(normal, step.pattern), step.content);
        break;
      case NormalStep::Kind::kReplaceRegex:
        normal = replace(normal, regexes_[i].front().find_all(normal), step.content);
        break;
      case NormalStep::Kind::kStrip:
        normal = strip(normal, step.left, step.right);
        break;
      case NormalStep::Kind::kCharMap:
        normal = step.longest ? step.map->longest(normal) : step.map->by_grapheme(normal);
        break;
    }
  }
  return normal;
}

}  // namespace conclave
