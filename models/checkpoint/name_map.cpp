#include "models/checkpoint/name_map.h"

#include <algorithm>
#include <cstdlib>

#include "framework/base/error.h"

namespace conclave {
namespace {

// Matches part by part; `stars` gets what each * stood for.
bool match(std::string_view name, std::string_view pattern, std::vector<std::string>* stars) {
  if (pattern.starts_with("**")) {
    const auto rest = pattern.substr(2);
    for (size_t i = 0; i <= name.size(); ++i) {
      if (stars) stars->emplace_back(name.substr(0, i));
      if (match(name.substr(i), rest, stars)) return true;
      if (stars) stars->pop_back();
    }
    return false;
  }
  if (pattern.empty()) return name.empty();
  if (pattern[0] == '*') {
    const size_t end = std::min(name.find('.'), name.size());
    if (end == 0) return false;
    if (stars) stars->emplace_back(name.substr(0, end));
    if (match(name.substr(end), pattern.substr(1), stars)) return true;
    if (stars) stars->pop_back();
    return false;
  }
  return !name.empty() && name[0] == pattern[0] && match(name.substr(1), pattern.substr(1), stars);
}

std::string with_stars(const std::string& pattern, const std::vector<std::string>& stars) {
  std::string name;
  size_t next = 0;
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '*' && next < stars.size()) {
      name += stars[next++];
      if (i + 1 < pattern.size() && pattern[i + 1] == '*') ++i;
    } else {
      name += pattern[i];
    }
  }
  return name;
}

std::vector<std::string> split(const std::string& ours) {
  std::vector<std::string> parts;
  for (size_t start = 0; start <= ours.size();) {
    const size_t plus = std::min(ours.find(" + ", start), ours.size());
    parts.push_back(ours.substr(start, plus - start));
    start = plus + 3;
  }
  return parts;
}

}  // namespace

bool fits(std::string_view name, std::string_view pattern) {
  return match(name, pattern, nullptr);
}

std::string PublishedName::of(int64_t expert) const {
  std::string name = theirs;
  if (const size_t place = name.find('%'); place != std::string::npos)
    name.replace(place, 1, std::to_string(first + expert));
  return name;
}

std::string NameMap::published(std::string name) const {
  for (const auto& prefix : architecture_.prefixes) {
    if (name.starts_with(prefix.ours)) return prefix.theirs + name.substr(prefix.ours.size());
  }
  return name;
}

std::vector<PublishedName> NameMap::places(const std::string& ours) const {
  std::vector<PublishedName> found;
  for (const auto& rule : architecture_.names) {
    const auto parts = split(rule.ours);
    for (const auto& part : parts) {
      std::vector<std::string> stars;
      if (!match(ours, part, &stars)) continue;
      PublishedName place;
      for (const auto& other : parts) place.ours.push_back(with_stars(other, stars));
      place.theirs = with_stars(rule.theirs, stars);
      place.turned = rule.turned;
      place.behind = with_stars(rule.behind, stars);
      found.push_back(std::move(place));
    }
  }
  found.push_back({.ours = {ours}, .theirs = ours});
  // With the prefix first; it may be missing.
  const std::vector<PublishedName> bare = found;
  for (auto& place : found) place.theirs = published(place.theirs);
  for (const auto& place : bare)
    if (published(place.theirs) != place.theirs) found.push_back(place);
  return found;
}

PublishedName NameMap::ours(const std::string& theirs, const std::set<std::string>& known) const {
  std::string name = theirs;
  for (const auto& prefix : architecture_.prefixes) {
    if (theirs.starts_with(prefix.theirs)) {
      name = prefix.ours + theirs.substr(prefix.theirs.size());
      break;
    }
  }
  for (const auto& rule : architecture_.names) {
    std::vector<std::string> stars;
    std::string pattern = rule.theirs;
    const size_t percent = pattern.find('%');
    if (percent != std::string::npos) pattern[percent] = '*';
    if (!match(name, pattern, &stars)) continue;
    PublishedName place{.ours = {}, .theirs = theirs};
    if (percent != std::string::npos) {
      const auto number = std::count(pattern.begin(), pattern.begin() + static_cast<int64_t>(percent), '*');
      const auto& text = stars[static_cast<size_t>(number)];
      if (text.empty() || text.find_first_not_of("0123456789") != std::string::npos) continue;
      place.expert = std::strtoll(text.c_str(), nullptr, 10);
      stars.erase(stars.begin() + number);
    }
    for (const auto& part : split(rule.ours)) place.ours.push_back(with_stars(part, stars));
    const bool there = std::all_of(place.ours.begin(), place.ours.end(),
                                   [&](const auto& part) { return known.empty() || known.contains(part); });
    if (there) return place;
  }
  return {.ours = {name}, .theirs = theirs};
}

}  // namespace conclave
