#include "framework/text/pre_tokenizer.h"

#include "framework/base/error.h"

namespace conclave {

const std::string kGpt2Pattern =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

namespace {

using Behavior = SplitStep::Behavior;
using Kind = SplitStep::Kind;

struct Section {
  size_t begin, end;
  bool match;
};

std::vector<Regex::Span> find_string(std::string_view text, std::string_view wanted) {
  std::vector<Regex::Span> spans;
  if (wanted.empty()) return spans;
  for (size_t at = 0; (at = text.find(wanted, at)) != text.npos; at += wanted.size())
    spans.push_back({at, at + wanted.size()});
  return spans;
}

/// Matches and what lies between them, covering the whole text.
std::vector<Section> sections_of(size_t length, const std::vector<Regex::Span>& spans, bool invert) {
  std::vector<Section> sections;
  size_t at = 0;
  for (const auto& span : spans) {
    if (span.begin > at) sections.push_back({at, span.begin, invert});
    sections.push_back({span.begin, span.end, !invert});
    at = span.end;
  }
  if (at < length) sections.push_back({at, length, invert});
  return sections;
}

std::vector<Section> join(const std::vector<Section>& sections, Behavior behavior) {
  std::vector<Section> joined;
  for (const auto& next : sections) {
    Section* last = joined.empty() ? nullptr : &joined.back();
    const bool merge = last && ((behavior == Behavior::kContiguous && last->match == next.match) ||
                                (behavior == Behavior::kMergedWithPrevious && next.match && !last->match) ||
                                (behavior == Behavior::kMergedWithNext && last->match && !next.match));
    if (merge) {
      last->end = next.end;
      last->match = next.match;
    } else if (behavior != Behavior::kRemoved || !next.match) {
      joined.push_back(next);
    }
  }
  return joined;
}

}  // namespace

PreTokenizer::PreTokenizer(std::vector<SplitStep> steps) : steps_(std::move(steps)) {
  for (const auto& step : steps_) {
    auto& regex = regexes_.emplace_back();
    if (step.kind == Kind::kSplitRegex) regex.emplace_back(step.pattern);
    if (step.kind == Kind::kDigits) regex.emplace_back(step.individual_digits ? R"(\p{N})" : R"(\p{N}+)");
    if (step.kind == Kind::kByteLevel && step.use_regex) regex.emplace_back(kGpt2Pattern);
  }
}

std::vector<std::string> PreTokenizer::split(std::string_view text) const {
  std::vector<std::string> pieces;
  if (!text.empty()) pieces.emplace_back(text);
  for (size_t i = 0; i < steps_.size(); ++i) {
    const auto& step = steps_[i];
    std::vector<std::string> next;
    for (auto& piece : pieces) {
      if (step.kind == Kind::kByteLevel && step.add_prefix_space && piece[0] != ' ')
        piece.insert(piece.begin(), ' ');
      if (regexes_[i].empty() && step.kind != Kind::kSplitString) {
        next.push_back(std::move(piece));
        continue;
      }
      const auto spans = step.kind == Kind::kSplitString ? find_string(piece, step.pattern)
                                                         : regexes_[i].front().find_all(piece);
      for (const auto& s : join(sections_of(piece.size(), spans, step.invert), step.behavior))
        if (s.end > s.begin) next.push_back(piece.substr(s.begin, s.end - s.begin));
    }
    pieces = std::move(next);
  }
  return pieces;
}

}  // namespace conclave
