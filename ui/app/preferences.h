/// What the window remembers: a file of ours in the configuration folder.
#pragma once

#include <QSettings>

namespace conclave::ui {

/// config_home()/workbench.ini.
class Preferences : public QSettings {
 public:
  Preferences();
};

}  // namespace conclave::ui
