#include "framework/moe/edits.h"

#include <charconv>
#include <optional>
#include <string_view>

#include "framework/base/error.h"

namespace conclave {
namespace {

// The number that the whole text is.
std::optional<int> number_of(std::string_view text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < 0) return std::nullopt;
  return number;
}

}  // namespace

std::vector<Edit> Edits::of(int site) const {
  std::vector<Edit> found;
  const auto append = [&](int place) {
    if (const auto edits = at.find(place); edits != at.end())
      found.insert(found.end(), edits->second.begin(), edits->second.end());
  };
  append(-1);
  if (site != -1) append(site);
  return found;
}

Edits forbid_experts(std::span<const std::string> names, const std::map<int, int64_t>& pools) {
  Edits edits;
  for (const auto& name : names) {
    const std::string_view text = name;
    const size_t at = text.find(':');
    const std::string_view place = text.substr(0, at);
    const auto site = number_of(place), expert = number_of(at == text.npos ? "" : text.substr(at + 1));
    require<UsageError>(expert && (site || place == "*"), "\"{}\": SITE:EXPERT is wanted, 2:5 or *:5", name);
    require<UsageError>(!site || pools.contains(*site), "\"{}\": the model has no MoE layer {}", name, place);
    bool found = false;
    for (const auto& [pool, experts] : pools) {
      if ((site && pool != *site) || *expert >= experts) continue;
      edits.at[pool].push_back({.kind = Edit::Kind::forbid, .expert = *expert});
      found = true;
    }
    require<UsageError>(found, "\"{}\": there is no expert {}", name, *expert);
  }
  return edits;
}

}  // namespace conclave
