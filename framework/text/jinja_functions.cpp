#include "framework/text/jinja_functions.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "framework/base/error.h"
#include "framework/text/jinja_strings.h"
#include "framework/text/utf8.h"

namespace conclave::jinja {
namespace {

/// The arguments of one call, taken one by one by place or by name.
class Taker {
 public:
  Taker(const std::string& what, const Arguments& arguments) : what_(what), arguments_(arguments) {}

  Value take(const char* name, Value otherwise) {
    if (place_ < arguments_.values.size()) return arguments_.values[place_++];
    ++place_;
    for (const auto& [given, value] : arguments_.named) {
      if (given != name) continue;
      ++named_;
      return value;
    }
    return otherwise;
  }
  Value need(const char* name) {
    const Value value = take(name, Undefined{name});
    require<UsageError>(!value.is_undefined(), "{} wants the argument '{}'", what_, name);
    return value;
  }
  int64_t integer(const char* name, int64_t otherwise) {
    const auto value = take(name, otherwise).integer();
    require<UsageError>(value.has_value(), "{}: '{}' is no integer", what_, name);
    return *value;
  }
  /// Throws when something was given that nobody took.
  void finish() const {
    const size_t left = arguments_.values.size() > place_ ? arguments_.values.size() - place_ : 0;
    require<UsageError>(left == 0 && named_ == arguments_.named.size(), "{} has arguments that are not known",
                        what_);
  }

 private:
  std::string what_;
  const Arguments& arguments_;
  size_t place_ = 0, named_ = 0;
};

Value count(const std::string& what, const Value& value) {
  if (value.is_undefined()) return int64_t{0};
  if (const auto* s = value.string()) return static_cast<int64_t>(characters(*s).size());
  if (const auto* l = value.list()) return static_cast<int64_t>(l->size());
  if (const auto* d = value.dict()) return static_cast<int64_t>(d->items.size());
  throw UsageError(fmt::format("{}: {} has no length", what, value.kind()));
}

Value pairs(const Dict& dict) {
  List list;
  for (const auto& [key, value] : dict.items) list.push_back(Value::make_tuple({key, value}));
  return list;
}

/// a.b.0: steps into a value, for map(attribute=...).
Value path(Value value, const std::string& names, Environment& env) {
  for (size_t at = 0; at <= names.size();) {
    const size_t dot = std::min(names.find('.', at), names.size());
    value = item(value, Value(names.substr(at, dot - at)), env);
    at = dot + 1;
  }
  return value;
}

Value text_to_number(const Value& value, bool whole, const Value& otherwise) {
  if (const auto n = value.integer(); n && whole) return *n;
  if (const auto x = value.number()) {
    if (!whole) return *x;
    if (std::abs(*x) < 9e18) return static_cast<int64_t>(*x);
    return otherwise;
  }
  if (!value.string()) return otherwise;
  const auto text = strip(*value.string(), {}, true, true);
  double number = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || end.ptr != text.data() + text.size()) return otherwise;
  if (!whole) return number;
  return std::abs(number) < 9e18 ? Value(static_cast<int64_t>(number)) : otherwise;
}

Value join(const Value& value, Taker& take, Environment& env) {
  const auto between = take.take("d", Value("")).text();
  const Value named = take.take("attribute", None{});
  std::string text;
  bool first = true;
  for (const auto& element : elements(value, env)) {
    if (!first) text += between;
    first = false;
    text += (named.is_none() ? element : path(element, named.text(), env)).text();
    env.budget.bytes(between.size());
  }
  return env.budget.text(std::move(text));
}

/// select, reject, selectattr, rejectattr.
Value chosen(const std::string& name, const Value& value, const Arguments& arguments, Environment& env) {
  const bool keeps = name.starts_with("select"), by_attribute = name.ends_with("attr");
  Arguments rest = arguments;
  std::string wanted;
  if (by_attribute) {
    require<UsageError>(!rest.values.empty(), "{} wants the name of an attribute", name);
    wanted = rest.values.front().text();
    rest.values.erase(rest.values.begin());
  }
  std::string test;
  if (!rest.values.empty()) {
    test = rest.values.front().text();
    rest.values.erase(rest.values.begin());
  }
  List list;
  for (const auto& element : elements(value, env)) {
    const Value tested = by_attribute ? path(element, wanted, env) : element;
    const bool holds = test.empty() ? tested.truth() : apply_test(test, tested, rest);
    if (holds == keeps) list.push_back(element);
  }
  return env.budget.list(std::move(list));
}

Value mapped(const Value& value, const Arguments& arguments, Environment& env) {
  List list;
  for (const auto& element : elements(value, env)) {
    if (!arguments.values.empty()) {
      Arguments rest = arguments;
      rest.values.erase(rest.values.begin());
      list.push_back(apply_filter(arguments.values.front().text(), element, rest, env));
      continue;
    }
    Taker take("map", arguments);
    const auto named = take.need("attribute").text();
    Value found = path(element, named, env);
    const Value otherwise = take.take("default", Undefined{named});
    take.finish();
    list.push_back(found.is_undefined() ? otherwise : found);
  }
  return env.budget.list(std::move(list));
}

Value sorted(const Value& value, Taker& take, Environment& env) {
  const bool reverse = take.take("reverse", false).truth();
  take.take("case_sensitive", false);
  const Value named = take.take("attribute", None{});
  List list = elements(value, env);
  const auto key = [&](const Value& element) {
    const Value k = named.is_none() ? element : path(element, named.text(), env);
    return k.string() ? Value(lower_case(*k.string())) : k;
  };
  std::stable_sort(list.begin(), list.end(), [&](const Value& a, const Value& b) {
    env.budget.step();
    const auto o = order(reverse ? key(b) : key(a), reverse ? key(a) : key(b));
    require<UsageError>(o.has_value(), "sort: {} and {} have no order", a.kind(), b.kind());
    return *o < 0;
  });
  return env.budget.list(std::move(list));
}

std::string indented(const std::string& text, Taker& take) {
  const Value width = take.take("width", int64_t{4});
  const bool first = take.take("first", false).truth(), blank = take.take("blank", false).truth();
  const std::string margin =
      width.string()
          ? *width.string()
          : std::string(static_cast<size_t>(std::clamp<int64_t>(width.integer().value_or(4), 0, 1000)), ' ');
  std::string result;
  for (size_t at = 0, line = 0; at <= text.size(); ++line) {
    const size_t end = std::min(text.find('\n', at), text.size());
    if (line == 0 ? first : (blank || end > at)) result += margin;
    result += text.substr(at, end - at);
    if (end < text.size()) result += '\n';
    at = end + 1;
  }
  return result;
}

Value edge(const Value& value, bool first, Environment& env) {
  const List list = elements(value, env);
  if (list.empty()) return Undefined{first ? "the first of nothing" : "the last of nothing"};
  return first ? list.front() : list.back();
}

Value rounded(const Value& value, Taker& take) {
  const int64_t digits = take.integer("precision", 0);
  const auto method = take.take("method", Value("common")).text();
  const auto x = value.number();
  require<UsageError>(x.has_value() && digits >= 0 && digits <= 15,
                      "round wants a number and 0 to 15 digits");
  const double scale = std::pow(10.0, static_cast<double>(digits));
  if (method == "ceil") return std::ceil(*x * scale) / scale;
  if (method == "floor") return std::floor(*x * scale) / scale;
  require<UsageError>(method == "common", "round: the method '{}' is not known", method);
  return std::nearbyint(*x * scale) / scale;
}

}  // namespace

void Budget::step(size_t count) {
  require<UsageError>(count <= steps_, "the template takes too many steps");
  steps_ -= count;
}

void Budget::bytes(size_t count) {
  require<UsageError>(count <= bytes_, "the template makes too much text");
  bytes_ -= count;
}

Value Budget::text(std::string made) {
  bytes(made.size());
  return made;
}

Value Budget::list(List made) {
  step(made.size());
  return made;
}

Value apply_filter(const std::string& name, const Value& value, const Arguments& arguments,
                   Environment& env) {
  env.budget.step();
  Taker take("the filter '" + name + "'", arguments);
  const auto text = [&](std::string made) {
    take.finish();
    return env.budget.text(std::move(made));
  };
  if (name == "trim") {
    const Value chars = take.take("chars", None{});
    return text(strip(value.text(), chars.is_none() ? std::string() : chars.text(), true, true));
  }
  if (name == "tojson") {
    const Value indent = take.take("indent", None{});
    take.take("ensure_ascii", false);
    take.take("separators", None{});
    const bool sort_keys = take.take("sort_keys", false).truth();
    return text(to_json_text(value, std::clamp<int64_t>(indent.integer().value_or(-1), -1, 16), sort_keys));
  }
  if (name == "length" || name == "count") return count(name, value);
  if (name == "string") return text(value.text());
  if (name == "upper") return text(upper_case(value.text()));
  if (name == "lower") return text(lower_case(value.text()));
  if (name == "title") return text(title_case(value.text()));
  if (name == "capitalize") return text(capitalized(value.text()));
  if (name == "escape" || name == "e") return text(html_escaped(value.text()));
  if (name == "safe") return value;
  if (name == "indent") return text(indented(value.text(), take));
  if (name == "replace") {
    const auto old = take.need("old").text(), fresh = take.need("new").text();
    const Value limit = take.take("count", None{});
    return text(replaced(value.text(), old, fresh, limit.integer().value_or(-1), env.budget));
  }
  if (name == "join") return join(value, take, env);
  if (name == "default" || name == "d") {
    const Value otherwise = take.take("default_value", Value(""));
    const bool falsy = take.take("boolean", false).truth();
    return value.is_undefined() || (falsy && !value.truth()) ? otherwise : value;
  }
  if (name == "first") return edge(value, true, env);
  if (name == "last") return edge(value, false, env);
  if (name == "list") return env.budget.list(elements(value, env));
  if (name == "reverse") {
    List list = elements(value, env);
    std::reverse(list.begin(), list.end());
    if (!value.string()) return env.budget.list(std::move(list));
    std::string whole;
    for (const auto& c : list) whole += c.text();
    return text(std::move(whole));
  }
  if (name == "int") return text_to_number(value, true, take.take("default", int64_t{0}));
  if (name == "float") return text_to_number(value, false, take.take("default", 0.0));
  if (name == "abs") {
    if (const auto n = value.integer()) return *n < 0 ? binary("-", int64_t{0}, *n, env) : Value(*n);
    require<UsageError>(value.is_number(), "abs wants a number, not {}", value.kind());
    return std::abs(*value.number());
  }
  if (name == "round") return rounded(value, take);
  if (name == "items") {
    if (value.is_undefined()) return List{};
    require<UsageError>(value.dict() != nullptr, "items wants a mapping, not {}", value.kind());
    return env.budget.list(*pairs(*value.dict()).list());
  }
  if (name == "dictsort") {
    require<UsageError>(value.dict() != nullptr && arguments.values.empty() && arguments.named.empty(),
                        "dictsort wants a mapping and no arguments");
    auto items = value.dict()->items;
    std::stable_sort(items.begin(), items.end(),
                     [](const auto& a, const auto& b) { return lower_case(a.first) < lower_case(b.first); });
    return env.budget.list(*pairs(Dict{items}).list());
  }
  if (name == "unique") {
    List list;
    for (const auto& element : elements(value, env)) {
      env.budget.step(list.size());
      const auto same = [&](const Value& other) {
        return element.string() && other.string()
                   ? lower_case(*element.string()) == lower_case(*other.string())
                   : element == other;
      };
      if (std::none_of(list.begin(), list.end(), same)) list.push_back(element);
    }
    return list;
  }
  if (name == "sum") {
    Value total = int64_t{0};
    for (const auto& element : elements(value, env)) total = binary("+", total, element, env);
    return total;
  }
  if (name == "min" || name == "max") {
    const List list = elements(value, env);
    if (list.empty()) return Undefined{"the " + name + " of nothing"};
    Value best = list.front();
    for (const auto& element : list)
      if (compare(name == "min" ? "<" : ">", element, best)) best = element;
    return best;
  }
  if (name == "sort") return sorted(value, take, env);
  if (name == "map") return mapped(value, arguments, env);
  if (name == "select" || name == "reject" || name == "selectattr" || name == "rejectattr")
    return chosen(name, value, arguments, env);
  throw UsageError(fmt::format("the filter '{}' is not known", name));
}

bool apply_test(const std::string& name, const Value& value, const Arguments& arguments) {
  Taker take("the test '" + name + "'", arguments);
  if (name == "defined") return !value.is_undefined();
  if (name == "undefined") return value.is_undefined();
  if (name == "none") return value.is_none();
  if (name == "string") return value.string() != nullptr;
  if (name == "number") return value.is_number() || value.is_bool();
  if (name == "integer") return value.is_integer();
  if (name == "float") return value.is_number() && !value.is_integer();
  if (name == "boolean") return value.is_bool();
  if (name == "true") return value.is_bool() && value.truth();
  if (name == "false") return value.is_bool() && !value.truth();
  if (name == "mapping") return value.dict() != nullptr;
  if (name == "iterable" || name == "sequence")
    return value.list() || value.dict() || value.string() || value.is_undefined();
  if (name == "callable") return value.function() != nullptr;
  if (name == "sameas" && !value.list() && !value.dict()) {
    const Value other = take.need("other");
    return std::string(value.kind()) == other.kind() && value == other;
  }
  if (name == "upper")
    return value.string() && upper_case(*value.string()) == *value.string() &&
           lower_case(*value.string()) != *value.string();
  if (name == "lower")
    return value.string() && lower_case(*value.string()) == *value.string() &&
           upper_case(*value.string()) != *value.string();
  if (name == "odd" || name == "even") {
    require<UsageError>(value.integer().has_value(), "'{}' wants an integer, not {}", name, value.kind());
    return (*value.integer() % 2 != 0) == (name == "odd");
  }
  if (name == "divisibleby") {
    const auto by = take.need("num").integer(), n = value.integer();
    require<UsageError>(by && n && *by != 0, "'divisibleby' wants integers, the second not 0");
    return *by == -1 || *n % *by == 0;
  }
  constexpr std::pair<const char*, const char*> kCompare[] = {
      {"equalto", "=="}, {"eq", "=="}, {"ne", "!="},         {"lt", "<"},  {"lessthan", "<"},
      {"le", "<="},      {"gt", ">"},  {"greaterthan", ">"}, {"ge", ">="}, {"in", "in"}};
  for (const auto& [known, word] : kCompare)
    if (name == known) return compare(word, value, take.need("other"));
  throw UsageError(fmt::format("the test '{}' is not known", name));
}

Value attribute(const Value& value, const std::string& name, Environment& env) {
  require<UsageError>(!value.is_undefined(), "'{}' is undefined and has no '{}'", value.undefined_name(),
                      name);
  if (const auto* dict = value.dict()) {
    if (!value.mutable_namespace()) {
      const auto shared = value;
      if (name == "items") return Function([shared](const Arguments&) { return pairs(*shared.dict()); });
      if (name == "keys" || name == "values")
        return Function([shared, keys = name == "keys"](const Arguments&) -> Value {
          List list;
          for (const auto& [key, item] : shared.dict()->items) list.push_back(keys ? Value(key) : item);
          return list;
        });
      if (name == "get")
        return Function([shared](const Arguments& arguments) -> Value {
          Taker take("get", arguments);
          const auto* found = shared.dict()->find(take.need("key").text());
          return found ? *found : take.take("default", None{});
        });
      for (const auto* method : {"pop", "update", "clear", "setdefault", "popitem", "copy", "fromkeys"})
        require<UsageError>(name != method,
                            "the method '{}' of a mapping is not known (known: items, keys, "
                            "values, get)",
                            name);
    }
    const auto* found = dict->find(name);
    return found ? *found : Value(Undefined{name});
  }
  if (value.string()) return string_method(value, name, env.budget);
  if (value.list()) {
    const auto shared = value;
    if (name == "index" || name == "count")
      return Function([shared, name](const Arguments& arguments) -> Value {
        Taker take(name, arguments);
        const Value wanted = take.need("value");
        const auto& all = *shared.list();
        const auto at = std::find(all.begin(), all.end(), wanted);
        if (name == "count") return static_cast<int64_t>(std::count(all.begin(), all.end(), wanted));
        require<UsageError>(at != all.end(), "index: the list has no such value");
        return static_cast<int64_t>(at - all.begin());
      });
    for (const auto* method :
         {"append", "extend", "insert", "pop", "remove", "clear", "sort", "reverse", "copy"})
      require<UsageError>(name != method, "the method '{}' of a list is not known (known: index, count)",
                          name);
  }
  return Undefined{name};
}

Value item(const Value& value, const Value& key, Environment& env) {
  require<UsageError>(!value.is_undefined(), "'{}' is undefined and has no item {}", value.undefined_name(),
                      key.is_undefined() ? "undefined" : key.repr());
  const auto missing = [&]() -> Value {
    // As in the original: what is no item may be an attribute.
    if (key.string() && !value.dict()) return attribute(value, *key.string(), env);
    return Undefined{key.is_undefined() ? "undefined" : key.repr()};
  };
  if (const auto* dict = value.dict()) {
    const auto* found = key.string() ? dict->find(*key.string()) : nullptr;
    if (found) return *found;
    if (key.string() && !value.mutable_namespace())
      for (const auto* method : {"items", "keys", "values", "get"})
        if (*key.string() == method) return attribute(value, method, env);
    return missing();
  }
  auto index = key.integer();
  if (key.string() && value.list()) {  // map(attribute="0")
    int64_t parsed = 0;
    const auto& digits = *key.string();
    const auto end = std::from_chars(digits.data(), digits.data() + digits.size(), parsed);
    if (!digits.empty() && end.ptr == digits.data() + digits.size()) index = parsed;
  }
  if (!index) return missing();
  const auto at = [&](size_t size) -> std::optional<size_t> {
    const int64_t n = static_cast<int64_t>(size), i = *index < 0 ? *index + n : *index;
    return i >= 0 && i < n ? std::optional(static_cast<size_t>(i)) : std::nullopt;
  };
  if (const auto* list = value.list()) {
    const auto i = at(list->size());
    return i ? (*list)[*i] : missing();
  }
  if (const auto* text = value.string()) {
    env.budget.step(text->size() / 16);
    const auto all = characters(*text);
    const auto i = at(all.size());
    return i ? Value(std::string(all[*i])) : missing();
  }
  return missing();
}

Value slice(const Value& value, const Value& start, const Value& stop, const Value& step, Environment& env) {
  const auto bound = [](const Value& v, const char* name) -> std::optional<int64_t> {
    if (v.is_none()) return std::nullopt;
    require<UsageError>(v.integer().has_value(), "a slice's {} is {}, no integer", name, v.kind());
    return v.integer();
  };
  List all;
  if (const auto* list = value.list())
    all = *list;
  else if (value.string())
    all = elements(value, env);
  else
    throw UsageError(fmt::format("{} cannot be sliced", value.kind()));
  const auto n = static_cast<int64_t>(all.size());
  const int64_t by = bound(step, "step").value_or(1);
  require<UsageError>(by != 0, "a slice's step is 0");
  const auto placed = [&](std::optional<int64_t> at, int64_t otherwise) {
    if (!at) return otherwise;
    const int64_t place = *at < 0 ? std::max<int64_t>(*at, -n - 1) + n : *at;
    return by > 0 ? std::clamp<int64_t>(place, 0, n) : std::clamp<int64_t>(place, -1, n - 1);
  };
  const int64_t from = placed(bound(start, "start"), by > 0 ? 0 : n - 1);
  const int64_t to = placed(bound(stop, "stop"), by > 0 ? n : -1);
  List chosen;
  for (int64_t i = from; by > 0 ? i < to : i > to;) {
    chosen.push_back(all[static_cast<size_t>(i)]);
    if (by > n || by < -n) break;
    i += by;
  }
  if (!value.string()) return env.budget.list(std::move(chosen));
  std::string text;
  for (const auto& c : chosen) text += *c.string();
  return env.budget.text(std::move(text));
}

Value binary(const std::string& sign, const Value& left, const Value& right, Environment& env) {
  if (sign == "~") return env.budget.text(left.text() + right.text());
  for (const auto* side : {&left, &right})
    require<UsageError>(!side->is_undefined(), "'{}' is undefined", side->undefined_name());
  if (sign == "+" && left.string() && right.string())
    return env.budget.text(*left.string() + *right.string());
  if (sign == "+" && left.list() && right.list()) {
    List both = *left.list();
    both.insert(both.end(), right.list()->begin(), right.list()->end());
    return env.budget.list(std::move(both));
  }
  if (sign == "*" && left.string() && right.integer())
    return repeated(*left.string(), *right.integer(), env.budget);
  const auto wrong = [&]() -> Value {
    throw UsageError(fmt::format("'{}' between {} and {} is not known", sign, left.kind(), right.kind()));
  };
  if (!left.number() || !right.number()) return wrong();
  const double x = *left.number(), y = *right.number();
  require<UsageError>(y != 0 || (sign != "/" && sign != "//" && sign != "%"), "division by zero");
  if (sign == "/") return x / y;
  if (left.integer() && right.integer()) {
    const int64_t a = *left.integer(), b = *right.integer();
    int64_t result = 0;
    bool overflow = false;
    if (sign == "+")
      overflow = __builtin_add_overflow(a, b, &result);
    else if (sign == "-")
      overflow = __builtin_sub_overflow(a, b, &result);
    else if (sign == "*")
      overflow = __builtin_mul_overflow(a, b, &result);
    else if (b == -1)
      overflow = sign == "//" && __builtin_sub_overflow(int64_t{0}, a, &result);
    else if (sign == "//")
      result = a / b - (a % b != 0 && (a < 0) != (b < 0));
    else
      result = a % b + (a % b != 0 && (a < 0) != (b < 0) ? b : 0);
    require<UsageError>(!overflow, "a whole number has more than 64 bits");
    return result;
  }
  if (sign == "+") return x + y;
  if (sign == "-") return x - y;
  if (sign == "*") return x * y;
  if (sign == "//") return std::floor(x / y);
  return x - y * std::floor(x / y);
}

bool compare(const std::string& word, const Value& left, const Value& right) {
  if (word == "==") return left == right;
  if (word == "!=") return !(left == right);
  if (word == "in" || word == "not in") {
    bool found = false;
    if (const auto* list = right.list())
      found = std::find(list->begin(), list->end(), left) != list->end();
    else if (const auto* dict = right.dict())
      found = left.string() && dict->find(*left.string());
    else if (right.string() && left.string())
      found = right.string()->find(*left.string()) != std::string::npos;
    else
      require<UsageError>(right.is_undefined(), "'{}' between {} and {} is not known", word, left.kind(),
                          right.kind());
    return found == (word == "in");
  }
  const auto o = order(left, right);
  require<UsageError>(o.has_value(), "'{}' between {} and {} is not known", word, left.kind(), right.kind());
  if (word == "<") return *o < 0;
  if (word == "<=") return *o <= 0;
  if (word == ">") return *o > 0;
  return *o >= 0;
}

List elements(const Value& value, Environment& env) {
  List list;
  if (value.is_undefined()) return list;
  if (const auto* all = value.list()) {
    list = *all;
  } else if (const auto* dict = value.dict()) {
    for (const auto& entry : dict->items) list.emplace_back(entry.first);
  } else if (const auto* text = value.string()) {
    for (const auto c : characters(*text)) list.emplace_back(std::string(c));
  } else {
    throw UsageError(fmt::format("{} has no elements", value.kind()));
  }
  env.budget.step(list.size());
  return list;
}

}  // namespace conclave::jinja
