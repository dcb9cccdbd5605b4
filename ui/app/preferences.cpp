#include "ui/app/preferences.h"

#include "framework/base/paths.h"

namespace conclave::ui {

Preferences::Preferences()
    : QSettings(QString::fromStdString((config_home() / "workbench.ini").string()), QSettings::IniFormat) {}

}  // namespace conclave::ui
