#include "framework/text/pre_tokenizer.h"

#include "framework/base/error.h"

namespace conclave {

const std::string kGpt2Pattern =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

namespace {

using Behavior = SplitStep::Behavior;
struct Section {
  size_t begin, end;
  bool match;
};

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

/// Spaces as the step's mark, and one more in front where it asks for it.
std::string with_spaces_marked(std::string_view piece, const SplitStep& step, bool first) {
  std::string marked;
  for (const char byte : piece) {
    if (byte == ' ')
      marked += step.pattern;
    else
      marked += byte;
  }
  const bool wanted =
      step.prepend == SplitStep::Prepend::kAlways || (step.prepend == SplitStep::Prepend::kFirst && first);
  return wanted && (step.prepend_doubles || !marked.starts_with(step.pattern)) ? step.pattern + marked
                                                                               : marked;
}

}  // namespace

PreTokenizer::PreTokenizer(std::vector<SplitStep> steps) : steps_(std::move(steps)) {
  for (const auto& step : steps_) {
    auto& regex = regexes_.emplace_back();
    if (step.kind == SplitStep::Kind::kSplitRegex) regex.emplace_back(step.pattern);
    if (step.kind == SplitStep::Kind::kDigits)
      regex.emplace_back(step.individual_digits ? R"(\p{N})" : R"(\p{N}+)");
    if (step.kind == SplitStep::Kind::kByteLevel && step.use_regex) regex.emplace_back(kGpt2Pattern);
  }
}

std::vector<std::string> PreTokenizer::split(std::string_view text, bool at_start) const {
  std::vector<std::string> pieces;
  if (!text.empty()) pieces.emplace_back(text);
  for (size_t i = 0; i < steps_.size(); ++i) {
    const auto& step = steps_[i];
    std::vector<std::string> next;
    for (size_t n = 0; n < pieces.size(); ++n) {
      auto& piece = pieces[n];
      if (step.kind == SplitStep::Kind::kByteLevel && step.add_prefix_space && piece[0] != ' ')
        piece.insert(piece.begin(), ' ');
      if (step.kind == SplitStep::Kind::kMetaspace)
        piece = with_spaces_marked(piece, step, at_start && n == 0);
      const bool by_string = step.kind == SplitStep::Kind::kSplitString ||
                             (step.kind == SplitStep::Kind::kMetaspace && step.split_spaces);
      if (regexes_[i].empty() && !by_string) {
        next.push_back(std::move(piece));
        continue;
      }
      const auto spans = by_string ? find_string(piece, step.pattern) : regexes_[i].front().find_all(piece);
      for (const auto& s : join(sections_of(piece.size(), spans, step.invert), step.behavior))
        if (s.end > s.begin) next.push_back(piece.substr(s.begin, s.end - s.begin));
    }
    pieces = std::move(next);
  }
  return pieces;
}

}  // namespace conclave
