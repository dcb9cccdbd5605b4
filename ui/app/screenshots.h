/// Pictures of every page, light and dark.
#pragma once

#include <QString>
#include <QStringList>

namespace conclave::ui {

class MainWindow;

/// Writes PAGE-light.png and PAGE-dark.png of these pages into `folder` and returns their names. Throws
/// Error.
/// With `samples` each page tries its sample first.
QStringList take_screenshots(MainWindow& window, const QString& folder, const QStringList& pages,
                             bool samples = false);
/// Runs the event loop until the present page shows all it has asked for, at most `most_ms`.
void settle(MainWindow& window, int most_ms = 5000);

}  // namespace conclave::ui
