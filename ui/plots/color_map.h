/// Colours for numbers: viridis for amounts, a map from blue over white to red for differences.
#pragma once

#include <QColor>

namespace conclave::ui {

enum class ColorMap : uint8_t { viridis, diverging };

/// `at` in 0..1 (clamped); 0.5 is the middle of the diverging map.
QColor map_color(ColorMap map, double at);
/// Black or white, whichever is read more easily on `ground`.
QColor ink_on(const QColor& ground);

}  // namespace conclave::ui
