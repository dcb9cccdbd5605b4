/// What the pictures of routing over time have in common.
#pragma once

#include "framework/media/canvas.h"

namespace conclave {

constexpr int64_t kPictureEdge = 8, kExpertRow = 12, kBandGap = 14;
constexpr Rgb kPaper = {255, 255, 255}, kInk = {40, 40, 40}, kNullColor = {110, 110, 110},
              kRim = {210, 210, 210};

}  // namespace conclave
