#include "ui/form/preset.h"

#include "framework/base/error.h"
#include "framework/base/settings.h"
#include "ui/plots/plot_export.h"

namespace conclave::ui {

QString write_preset(const QString& file, const VerbDescription& verb, const Json& values) {
  // JSON's strings, numbers, booleans and flat lists are TOML's as well.
  QString text = QString("[%1.%2]\n").arg(verb.app, verb.verb);
  for (const auto& [name, value] : values.items())
    text += QString::fromStdString(setting_key(name) + " = " + value.dump() + "\n");
  return write_text(file, text);
}

Json read_preset(const QString& file, const VerbDescription& verb) {
  Settings settings;
  settings.add_file(SettingLayer::project, file.toStdString());
  const std::string app = verb.app.toStdString(), name = verb.verb.toStdString();
  Json values = Json::object();
  for (const VerbOption& option : verb.options) {
    const std::string key = option.name.toStdString();
    const std::vector<std::string> keys{app + "." + name + "." + key, app + "." + key, key};
    const auto setting = settings.find(keys);
    if (!setting) continue;
    option_value(option, option_text(option, setting->value));  // throws when it does not fit
    values[key] = setting->value;
  }
  return values;
}

}  // namespace conclave::ui
