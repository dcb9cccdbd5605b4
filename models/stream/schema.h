/// What the columns of a stream are.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "framework/base/json.h"

namespace conclave::stream {

/// One column. Nominal values are kept as their index in `values`.
struct Attribute {
  std::string name;
  bool nominal = false;
  std::vector<std::string> values;
  bool left_out = false;  ///< has too many values to learn from: read as missing

  static Attribute numeric(std::string name) { return {std::move(name), false, {}}; }
  /// Values "0" to "count - 1".
  static Attribute counted(std::string name, int count);
  static Attribute named(std::string name, std::vector<std::string> values) {
    return {std::move(name), true, std::move(values)};
  }
};

/// Inputs and the label. Sources may add label values while they read; inputs stay as they were.
struct Schema {
  std::string name;
  std::vector<Attribute> inputs;
  Attribute label;

  int width() const { return static_cast<int>(inputs.size()); }
  int classes() const { return static_cast<int>(label.values.size()); }
  bool regression() const { return !label.nominal; }
};

/// As a snapshot keeps it; the other way round throws nlohmann's exceptions.
Json to_json(const Schema& schema);
Schema schema_from_json(const Json& json);

/// Values of a nominal attribute by name.
class ValueIndex {
 public:
  explicit ValueIndex(const std::vector<std::string>& values = {});
  /// -1 when unknown.
  int find(std::string_view value) const;
  /// The index of `value`, which is appended to `values` when it is new.
  int add(std::string_view value, std::vector<std::string>& values);
  /// Takes the value added last away again.
  void take_back(std::vector<std::string>& values);

 private:
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  std::unordered_map<std::string, int, Hash, std::equal_to<>> places_;
};

}  // namespace conclave::stream
