#include "framework/text/jinja_value.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "framework/base/error.h"
#include "framework/text/utf8.h"

namespace conclave::jinja {
namespace {

constexpr uint32_t kValueDepth = 64;
constexpr uint64_t kWeight = uint64_t{64} << 20;

/// As Python writes a float: always seen to be one.
std::string float_text(double x) {
  if (std::isnan(x)) return "nan";
  if (std::isinf(x)) return x < 0 ? "-inf" : "inf";
  std::string text = fmt::format("{}", x);
  if (text.find_first_of(".e") == text.npos) text += ".0";
  return text;
}

std::string quoted(const std::string& text) {
  const char quote = text.find('\'') != text.npos && text.find('"') == text.npos ? '"' : '\'';
  std::string result(1, quote);
  for (const char c : text) {
    if (c == quote || c == '\\') result += '\\';
    if (c == '\n')
      result += "\\n";
    else if (c == '\t')
      result += "\\t";
    else if (c == '\r')
      result += "\\r";
    else if (static_cast<uint8_t>(c) < 0x20 || c == 0x7f)
      result += fmt::format("\\x{:02x}", static_cast<uint8_t>(c));
    else
      result += c;
  }
  return result + quote;
}

void write_json(const Value& value, int64_t indent, bool sort_keys, int64_t level, std::string& text) {
  const auto line = [&](int64_t depth) {
    if (indent >= 0) text += "\n" + std::string(static_cast<size_t>(indent * depth), ' ');
  };
  if (value.mutable_namespace()) throw UsageError("a namespace cannot be written as JSON");
  const char* comma = indent >= 0 ? "," : ", ";
  if (const auto* list = value.list()) {
    if (list->empty()) {
      text += "[]";
      return;
    }
    text += '[';
    for (size_t i = 0; i < list->size(); ++i) {
      if (i > 0) text += comma;
      line(level + 1);
      write_json((*list)[i], indent, sort_keys, level + 1, text);
    }
    line(level);
    text += ']';
  } else if (const auto* dict = value.dict()) {
    if (dict->items.empty()) {
      text += "{}";
      return;
    }
    auto items = dict->items;
    if (sort_keys)
      std::stable_sort(items.begin(), items.end(),
                       [](const auto& a, const auto& b) { return a.first < b.first; });
    text += '{';
    for (size_t i = 0; i < items.size(); ++i) {
      if (i > 0) text += comma;
      line(level + 1);
      text += Json(items[i].first).dump() + ": ";
      write_json(items[i].second, indent, sort_keys, level + 1, text);
    }
    line(level);
    text += '}';
  } else if (const auto* string = value.string()) {
    text += Json(*string).dump();
  } else if (value.is_none()) {
    text += "null";
  } else if (value.is_bool()) {
    text += value.truth() ? "true" : "false";
  } else if (value.is_number()) {
    text += value.text();
  } else {
    throw UsageError(fmt::format("{} cannot be written as JSON", value.kind()));
  }
}

}  // namespace

const Value* Dict::find(std::string_view key) const {
  for (const auto& [name, value] : items)
    if (name == key) return &value;
  return nullptr;
}

void Dict::set(const std::string& key, Value value) {
  for (auto& [name, old] : items) {
    if (name == key) {
      old = std::move(value);
      return;
    }
  }
  items.emplace_back(key, std::move(value));
}

void Value::add_part(const Value& part) {
  depth_ = std::max(depth_, part.depth_ + 1);
  weight_ += part.weight_;
  require<UsageError>(depth_ <= kValueDepth, "a value is nested more than {} deep", kValueDepth);
  require<UsageError>(weight_ <= kWeight, "a value holds more than {} MB", kWeight >> 20);
}

Value::Value(std::string text)
    : value_(std::make_shared<const std::string>(std::move(text))), weight_(1 + string()->size()) {}

Value::Value(List list) {
  for (const auto& item : list) {
    require<UsageError>(!item.function(), "a list cannot hold a function");
    add_part(item);
  }
  value_ = std::make_shared<const List>(std::move(list));
}

Value::Value(Dict dict) {
  for (const auto& item : dict.items)
    require<UsageError>(!item.second.function(), "a mapping cannot hold a function");
  *this = make_record(std::move(dict));
}

Value Value::make_tuple(List list) {
  Value value(std::move(list));
  value.tuple_ = true;
  return value;
}

Value Value::make_record(Dict dict) {
  Value value;
  for (const auto& [key, item] : dict.items) {
    value.add_part(item);
    value.weight_ += key.size();
  }
  value.value_ = std::make_shared<const Dict>(std::move(dict));
  return value;
}

Value Value::make_namespace(Dict dict) {
  Value value;
  value.value_ = std::make_shared<Dict>(std::move(dict));
  return value;
}

Value Value::from_json(const Json& json) {
  if (json.is_null()) return None{};
  if (json.is_boolean()) return json.get<bool>();
  if (json.is_number_integer()) return json.get<int64_t>();
  if (json.is_number()) return json.get<double>();
  if (json.is_string()) return replace_broken_utf8(json.get<std::string>());
  if (json.is_array()) {
    List list;
    for (const auto& item : json) list.push_back(from_json(item));
    return list;
  }
  Dict dict;
  for (const auto& [key, item] : json.items()) dict.items.emplace_back(key, from_json(item));
  return dict;
}

std::optional<int64_t> Value::integer() const {
  if (const auto* n = std::get_if<int64_t>(&value_)) return *n;
  if (const auto* b = std::get_if<bool>(&value_)) return *b ? 1 : 0;
  return std::nullopt;
}

std::optional<double> Value::number() const {
  if (const auto* x = std::get_if<double>(&value_)) return *x;
  if (const auto n = integer()) return static_cast<double>(*n);
  return std::nullopt;
}

const std::string* Value::string() const {
  const auto* held = std::get_if<std::shared_ptr<const std::string>>(&value_);
  return held ? held->get() : nullptr;
}

const List* Value::list() const {
  const auto* held = std::get_if<std::shared_ptr<const List>>(&value_);
  return held ? held->get() : nullptr;
}

const Dict* Value::dict() const {
  if (const auto* held = std::get_if<std::shared_ptr<const Dict>>(&value_)) return held->get();
  return mutable_namespace();
}

Dict* Value::mutable_namespace() const {
  const auto* held = std::get_if<std::shared_ptr<Dict>>(&value_);
  return held ? held->get() : nullptr;
}

const Function* Value::function() const {
  const auto* held = std::get_if<std::shared_ptr<const Function>>(&value_);
  return held ? held->get() : nullptr;
}

std::string Value::undefined_name() const {
  const auto* undefined = std::get_if<Undefined>(&value_);
  return undefined ? undefined->name : std::string();
}

bool Value::truth() const {
  if (const auto x = number()) return *x != 0;
  if (const auto* s = string()) return !s->empty();
  if (const auto* l = list()) return !l->empty();
  if (mutable_namespace() || function()) return true;
  if (const auto* d = dict()) return !d->items.empty();
  return false;
}

const char* Value::kind() const {
  constexpr const char* kKinds[] = {"undefined", "none", "boolean", "integer",   "float",
                                    "string",    "list", "mapping", "namespace", "function"};
  return kKinds[value_.index()];
}

std::string Value::text() const {
  if (is_undefined()) return {};
  if (const auto* s = string()) return *s;
  return repr();
}

std::string Value::repr() const {
  if (is_undefined()) return "Undefined";
  if (is_none()) return "None";
  if (is_bool()) return truth() ? "True" : "False";
  if (is_integer()) return fmt::to_string(*integer());
  if (is_number()) return float_text(*number());
  if (const auto* s = string()) return quoted(*s);
  std::string text;
  if (const auto* l = list()) {
    for (const auto& item : *l) text += (text.empty() ? "" : ", ") + item.repr();
    if (tuple_) return "(" + text + (l->size() == 1 ? ",)" : ")");
    return "[" + text + "]";
  }
  if (mutable_namespace() || function()) throw UsageError(fmt::format("a {} has no text", kind()));
  for (const auto& [key, item] : dict()->items)
    text += (text.empty() ? "" : ", ") + quoted(key) + ": " + item.repr();
  return "{" + text + "}";
}

bool Value::operator==(const Value& other) const {
  if (const auto a = integer(), b = other.integer(); a && b) return *a == *b;
  if (const auto a = number(), b = other.number(); a && b) return *a == *b;
  if (string() && other.string()) return *string() == *other.string();
  if (list() && other.list()) return tuple_ == other.tuple_ && *list() == *other.list();
  if (mutable_namespace() || other.mutable_namespace() || function() || other.function())
    return value_.index() == other.value_.index() && mutable_namespace() == other.mutable_namespace() &&
           function() == other.function();
  if (dict() && other.dict()) {
    const auto& items = dict()->items;
    return items.size() == other.dict()->items.size() &&
           std::all_of(items.begin(), items.end(), [&](const auto& item) {
             const Value* value = other.dict()->find(item.first);
             return value && *value == item.second;
           });
  }
  return (is_none() && other.is_none()) || (is_undefined() && other.is_undefined());
}

std::optional<int> order(const Value& a, const Value& b) {
  const auto sign = [](const auto& x, const auto& y) { return x < y ? -1 : y < x ? 1 : 0; };
  if (const auto x = a.integer(), y = b.integer(); x && y) return sign(*x, *y);
  if (const auto x = a.number(), y = b.number(); x && y) return sign(*x, *y);
  if (a.string() && b.string()) return sign(*a.string(), *b.string());
  if (a.list() && b.list()) {
    const auto &x = *a.list(), &y = *b.list();
    for (size_t i = 0; i < std::min(x.size(), y.size()); ++i)
      if (const auto o = order(x[i], y[i]); !o || *o != 0) return o;
    return sign(x.size(), y.size());
  }
  return std::nullopt;
}

std::string to_json_text(const Value& value, int64_t indent, bool sort_keys) {
  std::string text;
  write_json(value, indent, sort_keys, 0, text);
  return text;
}

}  // namespace conclave::jinja
