#include "framework/moe/edits.h"

namespace conclave {

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

}  // namespace conclave
