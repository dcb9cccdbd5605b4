/// Pictures of every page, light and dark.
#pragma once

#include <QString>
#include <QStringList>

namespace conclave::ui {

class MainWindow;

/// Writes PAGE-light.png and PAGE-dark.png of these pages into `folder` and returns their names. Throws
/// Error.
QStringList take_screenshots(MainWindow& window, const QString& folder, const QStringList& pages);
/// Runs the event loop until the present page shows all it has asked for, at most five seconds.
void settle(MainWindow& window);

}  // namespace conclave::ui
