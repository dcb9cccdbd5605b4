#include "framework/base/settings.h"

#include <toml++/toml.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <sstream>

#include "framework/base/error.h"
#include "framework/base/file.h"
#include "framework/base/paths.h"

namespace conclave {
namespace fs = std::filesystem;
namespace {

constexpr size_t kFileLimit = size_t{4} << 20;

template <class T>
std::string printed(const T& value) {
  std::ostringstream out;
  out << value;
  return out.str();
}

Json to_json(const toml::node& node) {
  if (const auto* table = node.as_table()) {
    Json object = Json::object();
    for (const auto& [key, value] : *table) object[std::string(key.str())] = to_json(value);
    return object;
  }
  if (const auto* array = node.as_array()) {
    Json list = Json::array();
    for (const auto& value : *array) list.push_back(to_json(value));
    return list;
  }
  if (const auto* value = node.as_string()) return value->get();
  if (const auto* value = node.as_integer()) return value->get();
  if (const auto* value = node.as_floating_point()) return value->get();
  if (const auto* value = node.as_boolean()) return value->get();
  if (const auto* value = node.as_date()) return printed(value->get());
  if (const auto* value = node.as_time()) return printed(value->get());
  return printed(node.as_date_time()->get());
}

template <class Add>
void flatten(const toml::table& table, const std::string& prefix, const Add& add) {
  for (const auto& [name, value] : table) {
    const std::string key = prefix + setting_key(name.str());
    if (const auto* inner = value.as_table())
      flatten(*inner, key + ".", add);
    else
      add(key, value);
  }
}

template <class T>
[[noreturn]] void misfit(const Setting& setting) {
  const char* wanted = std::is_same_v<T, bool>      ? "true or false"
                       : std::is_same_v<T, int64_t> ? "a whole number"
                       : std::is_same_v<T, double>  ? "a number"
                                                    : "text";
  throw UsageError(fmt::format("{}: {} = {} is not {}",
                               setting.origin.empty() ? layer_name(setting.layer) : setting.origin,
                               setting.key, setting.value.dump(), wanted));
}

template <class T>
T convert_one(const Setting& setting, const Json& value) {
  // Environment variables carry text whatever is meant.
  const auto* text = value.is_string() ? value.get_ptr<const std::string*>() : nullptr;
  const bool parse = text && setting.layer == SettingLayer::environment;
  if constexpr (std::is_same_v<T, std::string>) {
    if (text) return *text;
  } else if constexpr (std::is_same_v<T, bool>) {
    if (value.is_boolean()) return value.get<bool>();
    if (parse && (*text == "1" || *text == "true" || *text == "yes" || *text == "on")) return true;
    if (parse && (*text == "0" || *text == "false" || *text == "no" || *text == "off")) return false;
  } else {
    if (std::is_same_v<T, double> ? value.is_number() : value.is_number_integer()) return value.get<T>();
    T number{};
    if (parse && !text->empty()) {
      const auto [end, failure] = std::from_chars(text->data(), text->data() + text->size(), number);
      if (failure == std::errc() && end == text->data() + text->size()) return number;
    }
  }
  misfit<T>(setting);
}

template <class T>
std::vector<T> convert_list(const Setting& setting) {
  std::vector<T> list;
  if (setting.value.is_array()) {
    for (const Json& value : setting.value) list.push_back(convert_one<T>(setting, value));
  } else if (setting.layer == SettingLayer::environment && setting.value.is_string()) {
    std::istringstream parts(setting.value.get<std::string>());
    for (std::string part; std::getline(parts, part, ',');)
      list.push_back(convert_one<T>(setting, Json(part)));
  } else {
    list.push_back(convert_one<T>(setting, setting.value));
  }
  return list;
}

}  // namespace

std::string_view layer_name(SettingLayer layer) {
  constexpr std::string_view kNames[] = {"flag", "environment", "project", "user", "default"};
  return kNames[static_cast<size_t>(layer)];
}

std::string setting_key(std::string_view key) {
  std::string normal(key);
  std::replace(normal.begin(), normal.end(), '-', '_');
  return normal;
}

std::string environment_name(std::string_view key) {
  std::string name = "CONCLAVE_";
  for (const char c : key)
    name += c == '.' || c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return name;
}

Settings Settings::load(const fs::path& project) {
  Settings settings;
  std::error_code ignored;
  const fs::path found = project.empty() ? find_upward(fs::current_path(), "conclave.toml") : project;
  if (!found.empty()) settings.add_file(SettingLayer::project, found);
  const fs::path user = config_home() / "config.toml";
  if (fs::exists(user, ignored)) settings.add_file(SettingLayer::user, user);
  return settings;
}

void Settings::add_file(SettingLayer layer, const fs::path& file) {
  auto& entries = layers_[static_cast<size_t>(layer)];
  try {
    const toml::table table = toml::parse(read_file(file, kFileLimit), file.string());
    flatten(table, "", [&](const std::string& key, const toml::node& value) {
      entries[key] = {to_json(value), fmt::format("{}: line {}", file.string(), value.source().begin.line)};
    });
  } catch (const toml::parse_error& e) {
    throw DataError(file.string(), fmt::format("line {}", e.source().begin.line),
                    fmt::format("not valid TOML ({})", e.description()));
  }
}

void Settings::set_flag(const std::string& key, Json value, std::string origin) {
  layers_[static_cast<size_t>(SettingLayer::flag)][setting_key(key)] = {std::move(value), std::move(origin)};
}

void Settings::set_default(const std::string& key, Json value) {
  layers_[static_cast<size_t>(SettingLayer::fallback)][setting_key(key)] = {std::move(value), ""};
}

std::optional<Setting> Settings::find(std::span<const std::string> keys) const {
  for (const SettingLayer layer : {SettingLayer::flag, SettingLayer::environment, SettingLayer::project,
                                   SettingLayer::user, SettingLayer::fallback}) {
    for (const auto& name : keys) {
      const std::string key = setting_key(name);
      if (layer == SettingLayer::environment) {
        const std::string variable = environment_name(key);
        if (const char* value = std::getenv(variable.c_str()); value && *value)
          return Setting{value, layer, variable, key};
      } else if (const auto at = entries(layer).find(key); at != entries(layer).end()) {
        return Setting{at->second.value, layer, at->second.origin, key};
      }
    }
  }
  return std::nullopt;
}

std::vector<Setting> Settings::in_files(std::string_view prefix) const {
  std::vector<Setting> found;
  for (const SettingLayer layer : {SettingLayer::project, SettingLayer::user})
    for (const auto& [key, entry] : entries(layer))
      if (key.starts_with(prefix)) found.push_back({entry.value, layer, entry.origin, key});
  return found;
}

template <class T>
T Settings::convert(const Setting& setting) {
  return convert_one<T>(setting, setting.value);
}
template bool Settings::convert<bool>(const Setting&);
template int64_t Settings::convert<int64_t>(const Setting&);
template double Settings::convert<double>(const Setting&);
template std::string Settings::convert<std::string>(const Setting&);

#define CONCLAVE_LIST(T)                                               \
  template <>                                                          \
  std::vector<T> Settings::convert<std::vector<T>>(const Setting& s) { \
    return convert_list<T>(s);                                         \
  }
CONCLAVE_LIST(int64_t)
CONCLAVE_LIST(double)
CONCLAVE_LIST(std::string)
#undef CONCLAVE_LIST

}  // namespace conclave
