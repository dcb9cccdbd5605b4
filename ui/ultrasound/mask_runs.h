/// Masks as findings and reports have them: runs over rows, skipped, set, skipped, ...
#pragma once

#include <QImage>
#include <QPolygonF>

#include "framework/base/json.h"

namespace conclave::ui {

/// One byte a pixel, 255 inside. Throws Error for a mask that does not fit its picture.
QImage parse_mask(const Json& json);

/// What lies inside a closed outline of pixels, whose middles are whole numbers.
QImage inside_of(const QPolygonF& outline, const QSize& size);

Json mask_json(const QImage& mask);

}  // namespace conclave::ui
