/// The options of one verb: declared once, and from that parsed, resolved through the settings, checked,
/// described as JSON for a form, and recorded.
#pragma once

#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "framework/base/json.h"
#include "framework/base/settings.h"

namespace conclave {

enum class OptionType : uint8_t { boolean, integer, number, text, path };

/// One option. The setters return the option itself, to be chained.
class Option {
 public:
  Option& required() { return required_ = true, *this; }
  Option& choices(std::vector<std::string> allowed) { return choices_ = std::move(allowed), *this; }
  /// Both ends belong to the range.
  Option& range(double low, double high) { return low_ = low, high_ = high, *this; }
  Option& at_least(double low) { return low_ = low, *this; }
  /// A path that must be there.
  Option& existing() { return existing_ = true, *this; }
  /// Heading in --help and in forms.
  Option& group(std::string name) { return group_ = std::move(name), *this; }
  /// Only as a flag: neither environment nor files are asked.
  Option& flag_only() { return flag_only_ = true, *this; }
  /// Also as -x.
  Option& letter(char letter) { return letter_ = letter, *this; }
  /// Also found in the files without the application's name in front: device, threads, ...
  Option& shared() { return shared_ = true, *this; }

  const std::string& name() const { return name_; }
  /// "--name", or "NAME" for a positional argument.
  std::string shown_name() const;
  /// name, type, default, help, choices, required, ...: what a form needs.
  Json describe() const;

 private:
  friend class Options;
  /// Text from the command line or the environment as a value of this option's type; UsageError.
  Json parse(const std::vector<std::string>& texts, const std::string& origin) const;
  /// Checks type, choices and range; UsageError that names `origin`.
  Json check(Json value, const std::string& origin) const;
  Json check_one(Json value, const std::string& origin) const;

  std::string name_, help_, group_ = "Options";
  OptionType type_ = OptionType::text;
  bool list_ = false, positional_ = false, required_ = false, existing_ = false;
  bool flag_only_ = false, shared_ = false;
  char letter_ = 0;
  std::vector<std::string> choices_;
  std::optional<double> low_, high_;
  Json default_;
  std::function<void(const Json&)> assign_;
};

/// An option's value and where it came from.
struct ResolvedOption {
  std::string name;
  Json value;
  SettingLayer layer = SettingLayer::fallback;
  std::string origin;
};

class Options {
 public:
  /// Binds `--name` to `target`, whose value now is the default. T: bool, whole numbers, double, std::string,
  /// path, std::optional or std::vector of these. Lists of numbers may be written 1,2,3; others repeat the
  /// flag. `target` must outlive the options.
  template <class T>
  Option& add(const std::string& name, T& target, const std::string& help) {
    return bind(name, target, help);
  }
  /// The same without a flag, by its place; a vector takes all that are left.
  template <class T>
  Option& positional(const std::string& name, T& target, const std::string& help) {
    Option& option = bind(name, target, help);
    option.positional_ = true;
    return option;
  }

  /// Parses `arguments` (what follows the verb) and writes nothing to the targets yet. Throws UsageError.
  /// Returns false when --help was asked for and printed.
  bool parse(const std::string& program, const std::string& about, const std::string& examples,
             const std::vector<std::string>& arguments);
  /// The flag's value from the last parse; null when it was not given.
  Json given(const std::string& name) const;

  /// Flag > environment > project file > user file > default for every option, assigned to the targets. Keys
  /// are tried as "app.verb.name", then "app.name". UsageError for bad values and for what is missing; with
  /// `partial`, missing ones are left alone.
  std::vector<ResolvedOption> resolve(const Settings& settings, const std::string& app,
                                      const std::string& verb, bool partial = false);

  Json describe() const;
  bool has_key(std::string_view key) const;
  std::vector<std::string> names() const;

 private:
  template <class T>
  Option& bind(const std::string& name, T& target, const std::string& help);
  std::deque<Option> options_;  // references stay valid
  std::vector<std::vector<std::string>> given_;
};

/// The entry of `known` that `word` most likely stands for; empty when none is near.
std::string nearest(const std::string& word, const std::vector<std::string>& known);

namespace options_detail {

template <class T>
struct Element {
  using type = T;
};
template <class T>
struct Element<std::optional<T>> {
  using type = T;
};
template <class T>
struct Element<std::vector<T>> {
  using type = T;
};
template <class T>
constexpr bool kIsList = false;
template <class T>
constexpr bool kIsList<std::vector<T>> = true;
template <class T>
constexpr bool kIsOptional = false;
template <class T>
constexpr bool kIsOptional<std::optional<T>> = true;

template <class T>
Json to_json(const T& value) {
  if constexpr (kIsList<T>) {
    Json list = Json::array();
    for (const auto& item : value) list.push_back(to_json<typename T::value_type>(item));
    return list;
  } else if constexpr (kIsOptional<T>) {
    return value ? to_json(*value) : Json();
  } else if constexpr (std::is_same_v<T, std::filesystem::path>) {
    return value.string();
  } else {
    return value;
  }
}

template <class T>
T from_json(const Json& value) {
  if constexpr (kIsList<T>) {
    T list;
    for (const auto& item : value) list.push_back(from_json<typename T::value_type>(item));
    return list;
  } else if constexpr (kIsOptional<T>) {
    return from_json<typename T::value_type>(value);
  } else if constexpr (std::is_same_v<T, std::filesystem::path>) {
    return value.get<std::string>();
  } else {
    return value.get<T>();
  }
}

}  // namespace options_detail

template <class T>
Option& Options::bind(const std::string& name, T& target, const std::string& help) {
  namespace detail = options_detail;
  using Base = typename detail::Element<T>::type;
  Option& option = options_.emplace_back();
  option.name_ = name;
  option.help_ = help;
  option.list_ = detail::kIsList<T>;
  option.type_ = std::is_same_v<Base, bool>                    ? OptionType::boolean
                 : std::is_integral_v<Base>                    ? OptionType::integer
                 : std::is_floating_point_v<Base>              ? OptionType::number
                 : std::is_same_v<Base, std::filesystem::path> ? OptionType::path
                                                               : OptionType::text;
  if constexpr (std::is_integral_v<Base> && !std::is_same_v<Base, bool>) {
    if constexpr (std::is_unsigned_v<Base>) option.low_ = 0;
    if constexpr (sizeof(Base) < 8)
      option.range(std::is_unsigned_v<Base> ? 0.0 : -2147483648.0, 2147483647.0);
  }
  option.default_ = detail::to_json(target);
  option.assign_ = [&target](const Json& value) { target = detail::from_json<T>(value); };
  return option;
}

}  // namespace conclave
