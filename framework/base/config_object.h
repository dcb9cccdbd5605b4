/// One JSON object of a configuration, read key by key. Every error names the key, its value and what is
/// allowed.
#pragma once

#include <initializer_list>
#include <set>
#include <string>
#include <string_view>

#include "framework/base/error.h"
#include "framework/base/json.h"

namespace conclave {

/// Not a copy: the JSON must outlive it.
class ConfigObject {
 public:
  /// `path` is how messages call the object: "text.moe". Throws UsageError when it is not an object.
  ConfigObject(const Json& object, std::string path);

  bool has(std::string_view key) const { return object_.contains(key); }
  /// The value of a key that must be there.
  template <class T>
  T need(std::string_view key) {
    require<UsageError>(has(key), "{} is missing", name(key));
    return as<T>(key);
  }
  /// The value of a key, or `fallback` when it is absent or null.
  template <class T>
  T get(std::string_view key, T fallback) {
    read_.emplace(key);
    return has(key) && !object_[std::string(key)].is_null() ? as<T>(key) : fallback;
  }
  /// A sub-object or list; an empty object when absent.
  const Json& part(std::string_view key);
  /// A string out of `allowed`; the first one is the fallback.
  std::string one_of(std::string_view key, std::initializer_list<std::string_view> allowed);
  /// An integer of at least `least`.
  int64_t need_integer(std::string_view key, int64_t least = 1);
  int64_t get_integer(std::string_view key, int64_t fallback, int64_t least = 0);
  /// Throws UsageError unless every key of the object was read.
  void finish() const;

  /// "path.key", for messages.
  std::string name(std::string_view key) const;

 private:
  template <class T>
  T as(std::string_view key) {
    read_.emplace(key);
    const Json& value = object_[std::string(key)];
    bool fits = true;
    if constexpr (std::is_same_v<T, bool>) {
      fits = value.is_boolean();
    } else if constexpr (std::is_integral_v<T>) {
      fits = value.is_number_integer();
    } else if constexpr (std::is_floating_point_v<T>) {
      fits = value.is_number();
    }
    try {
      if (fits) return value.get<T>();
    } catch (const nlohmann::json::exception&) {
    }
    throw UsageError(fmt::format("{} = {} has the wrong type", name(key), value.dump()));
  }

  const Json& object_;
  std::string path_;
  std::set<std::string, std::less<>> read_;
};

}  // namespace conclave
