/// Layered settings: flag > environment > project file > user file > default. Files are TOML.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "framework/base/json.h"

namespace conclave {

/// Highest first.
enum class SettingLayer : uint8_t { flag, environment, project, user, fallback };
/// "flag", "environment", "project", "user", "default".
std::string_view layer_name(SettingLayer layer);

struct Setting {
  Json value;  ///< from the environment always a string
  SettingLayer layer;
  std::string origin;  ///< "--seed", "CONCLAVE_SEED", "conclave.toml: line 3"; empty for a default
  std::string key;     ///< the key that was found
};

/// Keys are dotted, "vqa.train.learning_rate"; '-' counts as '_'. Not thread-safe while it is being filled.
class Settings {
 public:
  /// Reads `project`, or else conclave.toml in the working folder or above it, and the user's
  /// config_home()/config.toml. A named file must exist. DataError (with the line) on bad TOML.
  static Settings load(const std::filesystem::path& project = {});

  void add_file(SettingLayer layer, const std::filesystem::path& file);
  void set_flag(const std::string& key, Json value, std::string origin);
  void set_default(const std::string& key, Json value);

  /// The setting from the highest layer that has one of `keys`; within a layer the first key wins.
  std::optional<Setting> find(std::span<const std::string> keys) const;
  std::optional<Setting> find(const std::string& key) const { return find(std::span(&key, 1)); }

  /// The value as T (bool, int64_t, double, std::string, vectors of them), or `fallback`. UsageError with
  /// key, value and origin when it does not fit.
  template <class T>
  T get(const std::string& key, T fallback) const {
    const auto setting = find(key);
    return setting ? convert<T>(*setting) : fallback;
  }

  /// What the files say below `prefix` ("" for all), for checks against the keys that are known.
  std::vector<Setting> in_files(std::string_view prefix) const;

  template <class T>
  static T convert(const Setting& setting);

 private:
  struct Entry {
    Json value;
    std::string origin;
  };
  using Entries = std::map<std::string, Entry>;
  const Entries& entries(SettingLayer layer) const { return layers_[static_cast<size_t>(layer)]; }
  Entries layers_[5];  // [environment] stays empty: it is asked when needed
};

/// "vqa.learning-rate" -> "vqa.learning_rate".
std::string setting_key(std::string_view key);
/// "vqa.learning_rate" -> "CONCLAVE_VQA_LEARNING_RATE".
std::string environment_name(std::string_view key);

}  // namespace conclave
