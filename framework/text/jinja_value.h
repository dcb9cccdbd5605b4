/// Values of chat templates, with Python's meaning of truth, equality, order and text.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "framework/base/json.h"

namespace conclave::jinja {

class Value;
using List = std::vector<Value>;

/// Keys are strings and keep their order.
struct Dict {
  std::vector<std::pair<std::string, Value>> items;
  const Value* find(std::string_view key) const;
  void set(const std::string& key, Value value);
};

struct Arguments {
  std::vector<Value> values;
  std::vector<std::pair<std::string, Value>> named;
};
using Function = std::function<Value(const Arguments&)>;

struct Undefined {
  std::string name;  // for the message when it is used
};
struct None {};

/// Cheap to copy: what is large is shared and does not change, but for namespaces.
class Value {
 public:
  using Shared = std::variant<Undefined, None, bool, int64_t, double, std::shared_ptr<const std::string>,
                              std::shared_ptr<const List>, std::shared_ptr<const Dict>, std::shared_ptr<Dict>,
                              std::shared_ptr<const Function>>;
  Value() = default;
  Value(None) : value_(None{}) {}
  Value(Undefined undefined) : value_(std::move(undefined)) {}
  Value(bool b) : value_(b) {}
  Value(int64_t n) : value_(n) {}
  Value(double x) : value_(x) {}
  Value(std::string text);
  Value(const char* text) : Value(std::string(text)) {}
  /// UsageError for what is nested too deep, holds too much or holds a function: with shared parts, a few
  /// steps could make a value that takes for ever to print or to free.
  Value(List list);
  Value(Dict dict);
  Value(Function function) : value_(std::make_shared<const Function>(std::move(function))) {}
  /// A list that is written (a, b).
  static Value make_tuple(List list);
  /// A mapping that may hold functions.
  static Value make_record(Dict dict);
  /// The one kind that changes. It may come to hold itself; whoever makes it must empty it in the end.
  static Value make_namespace(Dict dict);
  static Value from_json(const Json& json);

  bool is_undefined() const { return std::holds_alternative<Undefined>(value_); }
  bool is_none() const { return std::holds_alternative<None>(value_); }
  bool is_bool() const { return std::holds_alternative<bool>(value_); }
  bool is_integer() const { return std::holds_alternative<int64_t>(value_); }
  bool is_number() const { return is_integer() || std::holds_alternative<double>(value_); }
  /// A number, or a truth value as 0 or 1; empty otherwise.
  std::optional<int64_t> integer() const;
  std::optional<double> number() const;
  const std::string* string() const;
  const List* list() const;
  const Dict* dict() const;         ///< of a namespace too
  Dict* mutable_namespace() const;  ///< null for anything else
  const Function* function() const;
  /// What an undefined value was asked for; empty for any other.
  std::string undefined_name() const;

  /// About as many bytes as its text has; a namespace counts as one.
  uint64_t weight() const { return weight_; }
  bool truth() const;
  /// "string", "list", ...: for messages.
  const char* kind() const;
  /// As `{{ value }}` prints it.
  std::string text() const;
  /// As Python's repr.
  std::string repr() const;
  bool operator==(const Value& other) const;

 private:
  void add_part(const Value& part);

  Shared value_;
  uint32_t depth_ = 1;
  uint64_t weight_ = 1;
  bool tuple_ = false;
};

/// -1, 0, 1; empty when the two have no order.
std::optional<int> order(const Value& a, const Value& b);

/// As json.dumps with ensure_ascii off. `indent` < 0: on one line.
std::string to_json_text(const Value& value, int64_t indent, bool sort_keys);

}  // namespace conclave::jinja
