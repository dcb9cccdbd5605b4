/// Icons drawn from strokes in the palette's text colour, so that they fit light, dark and any scale.
#pragma once

#include <QIcon>

namespace conclave::ui {

/// "home", "runs", "compare", "routing", "queue", "picture", "stream", "search", "copy", "dot" ...; an empty
/// icon for a name that is unknown.
QIcon glyph(const QString& name);
/// A filled circle.
QIcon dot(const QColor& color);

}  // namespace conclave::ui
