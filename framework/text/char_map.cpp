// Layout: uint32 little-endian size of the trie in bytes, the trie's units, then texts that end with a zero
// byte. A unit is that of Darts-clone: bits 0..7 and 31 the label, bit 8 "has a leaf", bit 9 and 10..30 the
// offset; a leaf's unit holds its value in bits 0..30.
#include "framework/text/char_map.h"

#include <utf8proc.h>

#include <cstring>

#include "framework/base/error.h"
#include "framework/text/utf8.h"

namespace conclave {
namespace {

constexpr size_t kLongGrapheme = 6;

uint32_t word_at(std::string_view bytes, size_t at) {
  uint32_t word = 0;
  for (size_t i = 0; i < 4; ++i)
    word |= static_cast<uint32_t>(static_cast<uint8_t>(bytes[at + i])) << (8 * i);
  return word;
}

size_t offset_of(uint32_t unit) {
  return (unit >> 10) << ((unit & 0x200u) >> 6);
}

/// Length of the grapheme cluster at `at`.
size_t grapheme_length(std::string_view text, size_t at) {
  size_t end = at;
  utf8proc_int32_t previous = -1, state = 0;
  while (end < text.size()) {
    const auto step = next_utf8(text, end);
    const auto next = step.kind == Utf8Step::kValid
                          ? static_cast<utf8proc_int32_t>(code_point(text, end, step.length))
                          : utf8proc_int32_t{0xfffd};
    if (previous >= 0 && utf8proc_grapheme_break_stateful(previous, next, &state)) break;
    previous = next;
    end += step.length;
  }
  return end - at;
}

}  // namespace

CharMap::CharMap(std::string_view blob) : blob_(blob) {
  require<UsageError>(blob_.size() >= 4, "character map: {} bytes, at least 4 wanted", blob_.size());
  const size_t trie = word_at(blob_, 0);
  require<UsageError>(trie % 4 == 0 && trie >= 4 && trie <= blob_.size() - 4,
                      "character map: a trie of {} bytes in {} bytes", trie, blob_.size());
  for (size_t at = 4; at < 4 + trie; at += 4) units_.push_back(word_at(blob_, at));
  texts_ = std::string_view(blob_).substr(4 + trie);
  require<UsageError>(!texts_.empty() && texts_.back() == '\0', "character map: the last text has no end");
}

std::optional<CharMap::Match> CharMap::find(std::string_view text, bool longest) const {
  std::optional<Match> best;
  size_t node = offset_of(units_[0]);
  for (size_t i = 0; i < text.size(); ++i) {
    const auto label = static_cast<uint8_t>(text[i]);
    node ^= label;
    if (label == 0 || node >= units_.size()) break;
    const uint32_t unit = units_[node];
    if ((unit & 0x800000ffu) != label) break;
    node ^= offset_of(unit);
    if (!(unit & 0x100u)) continue;
    if (node >= units_.size()) break;
    const size_t at = units_[node] & 0x7fffffffu;
    if (at >= texts_.size()) break;
    best = Match{i + 1, texts_.substr(at, texts_.find('\0', at) - at)};
    if (!longest) break;
  }
  return best;
}

std::string CharMap::longest(std::string_view text) const {
  std::string result;
  result.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    if (const auto match = find(text.substr(at), true)) {
      result += match->text;
      at += match->length;
    } else {
      const size_t length = next_utf8(text, at).length;
      result += text.substr(at, length);
      at += length;
    }
  }
  return result;
}

std::string CharMap::by_grapheme(std::string_view text) const {
  std::string result;
  result.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    const size_t length = grapheme_length(text, at);
    const auto cluster = text.substr(at, length);
    at += length;
    if (length < kLongGrapheme) {
      if (const auto match = find(cluster, false)) {
        result += match->text;
        continue;
      }
    }
    for (size_t i = 0; i < cluster.size();) {
      const auto character = cluster.substr(i, next_utf8(cluster, i).length);
      const auto match = find(character, false);
      result += match ? match->text : character;
      i += character.size();
    }
  }
  return result;
}

}  // namespace conclave
