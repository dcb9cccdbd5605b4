#include "framework/text/token_decoder.h"

#include <algorithm>

#include "framework/base/error.h"
#include "framework/text/byte_alphabet.h"
#include "framework/text/vocabulary.h"

namespace conclave {
namespace {

using Kind = DecodeStep::Kind;

std::string replace_all(std::string text, std::string_view pattern, std::string_view content) {
  if (pattern.empty()) return text;
  for (size_t at = 0; (at = text.find(pattern, at)) != text.npos; at += content.size())
    text.replace(at, pattern.size(), content);
  return text;
}

}  // namespace

TokenDecoder::TokenDecoder(std::vector<DecodeStep> steps) : steps_(std::move(steps)) {
  bool fused = false, bytes = false;
  for (const auto& step : steps_) {
    require<UsageError>(!bytes, "a step comes after ByteLevel, which must be the last one");
    const bool strips = step.kind == Kind::kStrip;
    require<UsageError>(strips == fused, "{}",
                        fused ? "only Strip is known behind Fuse" : "Strip is known behind Fuse alone");
    fused = fused || step.kind == Kind::kFuse;
    bytes = step.kind == Kind::kByteLevel;
  }
}

bool TokenDecoder::spells_added() const {
  return std::none_of(steps_.begin(), steps_.end(),
                      [](const DecodeStep& step) { return step.kind == Kind::kByteLevel; });
}

std::string TokenDecoder::bytes_of(std::string_view spelled, bool first) const {
  std::string text(spelled);
  bool is_byte = false;  // its byte is no spelling any more
  for (const auto& step : steps_) {
    switch (step.kind) {
      case Kind::kByteLevel:
        if (!is_byte) text = from_byte_alphabet(text).value_or(text);
        break;
      case Kind::kReplace:
        if (!is_byte) text = replace_all(std::move(text), step.pattern, step.content);
        break;
      case Kind::kByteFallback:
        if (const auto byte = byte_of_piece(text)) {
          text.assign(1, static_cast<char>(*byte));
          is_byte = true;
        }
        break;
      case Kind::kMetaspace:
        text = replace_all(std::move(text), step.pattern, first && step.prepended ? "" : " ");
        break;
      case Kind::kFuse:
        break;
      case Kind::kStrip:
        for (size_t i = 0; first && i < step.start && text.starts_with(step.content); ++i)
          text.erase(0, step.content.size());
        break;
    }
  }
  return text;
}

}  // namespace conclave
