#include "models/audio/unit_cues.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "framework/base/error.h"

namespace conclave {

UnitCues::UnitCues(int64_t known, int64_t width) : ages(kAges, width), ending(width, 1) {
  for (int64_t i = 0; i <= 2 * kBeside; ++i) units.push_back(std::make_shared<Embedding>(known + 1, width));
}

Tensor UnitCues::embed(std::span<const int64_t> ids, std::span<const UnitPlace> places) const {
  const auto count = std::ssize(ids);
  std::vector<int64_t> ages_P;
  for (const auto& place : places) ages_P.push_back(std::min(place.age, kAges - 1));
  Tensor sum = ages.forward(at::tensor(ages_P, at::kLong));
  for (int64_t i = 0; i < std::ssize(units); ++i) {
    std::vector<int64_t> beside;
    for (const auto& place : places) {
      const int64_t at = place.unit + i - kBeside;
      beside.push_back(at >= 0 && at < count ? ids[static_cast<size_t>(at)] : none());
    }
    sum = sum + units[static_cast<size_t>(i)]->forward(at::tensor(beside, at::kLong));
  }
  return sum;
}

Tensor UnitCues::ends(const Tensor& features) const {
  return ending.forward(features).squeeze(-1).to(at::kFloat);
}

void UnitCues::visit(Visitor& v) {
  v.children("units", units);
  v.child("ages", ages);
  v.child("ending", ending);
}

std::vector<UnitPlace> places_of(std::span<const double> ends, double rate, int64_t frames) {
  require<UsageError>(std::ssize(ends) <= frames, "{} units in {} frames: at most one a frame is read",
                      ends.size(), frames);
  std::vector<UnitPlace> places;
  for (int64_t unit = 0; unit < std::ssize(ends); ++unit) {
    const auto behind = std::ssize(ends) - unit - 1;  // units that need a frame each
    const auto begin = std::ssize(places);
    const auto wanted = static_cast<int64_t>(std::lround(ends[static_cast<size_t>(unit)] * rate));
    const int64_t end = behind == 0 ? frames : std::clamp(wanted, begin + 1, frames - behind);
    for (int64_t frame = begin; frame < end; ++frame) places.push_back({unit, frame - begin});
  }
  return places;
}

}  // namespace conclave
