/// Ellipses through outlines: the head circumference.
#pragma once

#include <optional>

#include "models/ultrasound/canvas.h"
#include "models/ultrasound/findings.h"

namespace conclave::ultrasound {

/// Through the drawn pixels of a contour picture (not 0: drawn), by least squares (Fitzgibbon et al., 1999).
/// Nothing when fewer than five pixels, or more than a third of all, are drawn: that is no line.
std::optional<Ellipse> ellipse_through(const Tensor& contour_HW);

/// Around the largest part of a mask. Outline pixels on the picture's border are left out: there the border
/// cuts the head, not the skull. Nothing when fewer than five remain.
std::optional<Ellipse> ellipse_around(const Tensor& mask_HW);

/// uint8 [height,width], 1 inside.
Tensor ellipse_mask(const Ellipse& ellipse, int64_t height, int64_t width);

/// Ramanujan's second formula (1914), in the unit of the half axes.
double circumference(const Ellipse& ellipse);

}  // namespace conclave::ultrasound
