#include "framework/text/jinja_run.h"

#include <algorithm>
#include <map>

#include "framework/base/error.h"
#include "framework/text/jinja_functions.h"

namespace conclave::jinja {
namespace {

using Op = Expression::Kind;

constexpr size_t kCallDepth = 64;
constexpr size_t kLoopSteps = 8;  // a turn of a loop has names of its own
constexpr int64_t kRange = 100'000;

/// Names of one place; loops and macros have places of their own.
struct Scope {
  std::map<std::string, Value> values;
  std::shared_ptr<Scope> outer;
};
using ScopePtr = std::shared_ptr<Scope>;

enum class Flow { kOn, kBreak, kContinue };

class Runner {
 public:
  Runner(const std::string& name, const RunOptions& options)
      : name_(name),
        budget_(options.steps, options.bytes),
        environment_{budget_},
        now_(options.now),
        globals_(std::make_shared<Scope>()) {
    add_globals();
  }

  ~Runner() {
    for (const auto& value : namespaces_) value.mutable_namespace()->items.clear();
  }

  std::string run(const Block& block, const Dict& variables) {
    const auto scope = inside(globals_);
    for (const auto& [name, value] : variables.items) scope->values[name] = value;
    std::string out;
    execute(block, scope, out);
    return out;
  }

 private:
  static ScopePtr inside(const ScopePtr& outer) {
    auto scope = std::make_shared<Scope>();
    scope->outer = outer;
    return scope;
  }

  void add_globals() {
    const auto add = [&](const char* name, Function function) {
      globals_->values[name] = std::move(function);
    };
    add("raise_exception", [](const Arguments& a) -> Value {
      throw UsageError(fmt::format("the template refuses: {}", a.values.empty() ? "" : a.values[0].text()));
    });
    add("range", [this](const Arguments& a) { return range(a); });
    add("namespace", [this](const Arguments& a) {
      Dict dict;
      if (!a.values.empty() && a.values[0].dict()) dict = *a.values[0].dict();
      for (const auto& [name, value] : a.named) dict.set(name, value);
      namespaces_.push_back(Value::make_namespace(std::move(dict)));
      return namespaces_.back();
    });
    add("dict", [](const Arguments& a) -> Value {
      Dict dict;
      for (const auto& [name, value] : a.named) dict.set(name, value);
      return dict;
    });
    add("strftime_now", [this](const Arguments& a) -> Value {
      require<UsageError>(a.values.size() == 1 && a.values[0].string(), "strftime_now wants a format");
      std::tm parts{};
      localtime_r(&now_, &parts);
      char text[256];
      text[std::strftime(text, sizeof text - 1, a.values[0].string()->c_str(), &parts)] = '\0';
      return std::string(text);
    });
  }

  Value range(const Arguments& a) {
    std::vector<int64_t> n;
    for (const auto& value : a.values) {
      require<UsageError>(value.integer().has_value(), "range wants integers, not {}", value.kind());
      n.push_back(*value.integer());
    }
    require<UsageError>(!n.empty() && n.size() <= 3 && a.named.empty(), "range wants one to three integers");
    if (n.size() == 1) n.insert(n.begin(), 0);
    const int64_t step = n.size() == 3 ? n[2] : 1;
    require<UsageError>(step != 0, "range: the step is 0");
    List list;
    for (int64_t i = n[0]; step > 0 ? i < n[1] : i > n[1];) {
      require<UsageError>(static_cast<int64_t>(list.size()) < kRange, "range: more than {} numbers", kRange);
      list.emplace_back(i);
      if (__builtin_add_overflow(i, step, &i)) break;
    }
    return budget_.list(std::move(list));
  }

  Value find(const std::string& name, const ScopePtr& scope) const {
    for (const Scope* s = scope.get(); s; s = s->outer.get())
      if (const auto found = s->values.find(name); found != s->values.end()) return found->second;
    return Undefined{name};
  }

  Flow execute(const Block& block, const ScopePtr& scope, std::string& out) {
    for (const auto& s : block) {
      try {
        budget_.step();
        if (const Flow flow = execute(s, scope, out); flow != Flow::kOn) return flow;
      } catch (const UsageError& e) {
        throw DataError(name_, fmt::format("line {}", s.line), e.what());
      }
    }
    return Flow::kOn;
  }

  void print(std::string text, std::string& out) {
    budget_.bytes(text.size());
    out += text;
  }

  Flow execute(const Statement& s, const ScopePtr& scope, std::string& out) {
    switch (s.kind) {
      case Statement::Kind::kText:
        print(s.text, out);
        return Flow::kOn;
      case Statement::Kind::kPrint:
        print(evaluate(*s.expression, scope).text(), out);
        return Flow::kOn;
      case Statement::Kind::kBody:
        return execute(s.body, scope, out);
      case Statement::Kind::kIf:
        return execute(evaluate(*s.expression, scope).truth() ? s.body : s.otherwise, scope, out);
      case Statement::Kind::kFor:
        return loop(s, scope, out);
      case Statement::Kind::kSet:
        set(s, evaluate(*s.expression, scope), scope);
        return Flow::kOn;
      case Statement::Kind::kCapture: {
        std::string captured;
        execute(s.body, inside(scope), captured);
        set(s, budget_.text(std::move(captured)), scope);
        return Flow::kOn;
      }
      case Statement::Kind::kMacro:
        scope->values[s.text] = macro(s, scope);
        return Flow::kOn;
      case Statement::Kind::kBreak:
        return Flow::kBreak;
      case Statement::Kind::kContinue:
        return Flow::kContinue;
    }
    return Flow::kOn;
  }

  void set(const Statement& s, const Value& value, const ScopePtr& scope) {
    if (!s.text.empty()) {
      Dict* target = find(s.text, scope).mutable_namespace();
      require<UsageError>(target != nullptr, "'{}' is no namespace: '{}.{}' cannot be set", s.text, s.text,
                          s.targets[0]);
      target->set(s.targets[0], value);
      return;
    }
    assign(s.targets, value, scope);
  }

  void assign(const std::vector<std::string>& targets, const Value& value, const ScopePtr& scope) {
    if (targets.size() == 1) {
      scope->values[targets[0]] = value;
      return;
    }
    const List parts = elements(value, environment_);
    require<UsageError>(parts.size() == targets.size(), "{} values for {} names", parts.size(),
                        targets.size());
    for (size_t i = 0; i < parts.size(); ++i) scope->values[targets[i]] = parts[i];
  }

  Flow loop(const Statement& s, const ScopePtr& scope, std::string& out) {
    List items = elements(evaluate(*s.expression, scope), environment_);
    if (s.condition) {
      List kept;
      for (const auto& item : items) {
        const auto tried = inside(scope);
        assign(s.targets, item, tried);
        if (evaluate(*s.condition, tried).truth()) kept.push_back(item);
      }
      items = std::move(kept);
    }
    bool finished = false;  // one turn to its end: the original's "else" asks for that, and not for elements
    for (size_t i = 0; i < items.size(); ++i) {
      budget_.step(kLoopSteps);
      const auto place = inside(scope);
      place->values["loop"] = loop_state(items, i);
      assign(s.targets, items[i], place);
      const Flow flow = execute(s.body, place, out);
      if (flow == Flow::kBreak) break;
      finished = finished || flow == Flow::kOn;
    }
    return finished ? Flow::kOn : execute(s.otherwise, scope, out);
  }

  static Value loop_state(const List& items, size_t i) {
    const auto n = static_cast<int64_t>(items.size()), at = static_cast<int64_t>(i);
    Dict dict;
    dict.items = {{"index", at + 1},
                  {"index0", at},
                  {"revindex", n - at},
                  {"revindex0", n - at - 1},
                  {"first", at == 0},
                  {"last", at == n - 1},
                  {"length", n},
                  {"previtem", i > 0 ? items[i - 1] : Value(Undefined{"previtem"})},
                  {"nextitem", i + 1 < items.size() ? items[i + 1] : Value(Undefined{"nextitem"})},
                  {"cycle", Function([i](const Arguments& a) -> Value {
                     require<UsageError>(!a.values.empty(), "loop.cycle wants values");
                     return a.values[i % a.values.size()];
                   })}};
    return Value::make_record(std::move(dict));
  }

  Value macro(const Statement& s, const ScopePtr& scope) {
    // The scope holds the macro: a weak pointer, or the two would keep each other.
    return Function([this, &s, weak = std::weak_ptr<Scope>(scope)](const Arguments& a) -> Value {
      const Deeper deeper(*this);
      const auto outer = weak.lock();
      require<UsageError>(outer != nullptr, "the macro '{}' is called outside of its place", s.text);
      const auto place = inside(outer);
      require<UsageError>(a.values.size() <= s.targets.size(),
                          "the macro '{}' has {} parameters, {} are given", s.text, s.targets.size(),
                          a.values.size());
      const size_t needed = s.targets.size() - s.defaults.size();
      for (size_t i = 0; i < s.targets.size(); ++i) {
        if (i < a.values.size())
          place->values[s.targets[i]] = a.values[i];
        else if (i >= needed)
          place->values[s.targets[i]] = evaluate(*s.defaults[i - needed], place);
        else
          place->values[s.targets[i]] = Undefined{s.targets[i]};
      }
      for (const auto& [name, value] : a.named) {
        require<UsageError>(std::find(s.targets.begin(), s.targets.end(), name) != s.targets.end(),
                            "the macro '{}' has no parameter '{}'", s.text, name);
        place->values[name] = value;
      }
      std::string out;
      execute(s.body, place, out);
      return budget_.text(std::move(out));
    });
  }

  class Deeper {
   public:
    explicit Deeper(Runner& runner) : runner_(runner) {
      require<UsageError>(runner_.depth_ < kCallDepth, "macros call each other more than {} deep",
                          kCallDepth);
      ++runner_.depth_;
    }
    ~Deeper() { --runner_.depth_; }

   private:
    Runner& runner_;
  };

  /// A mistake is told with the line of the innermost expression.
  Value evaluate(const Expression& e, const ScopePtr& scope) {
    try {
      budget_.step();
      return value_of(e, scope);
    } catch (const UsageError& error) {
      throw DataError(name_, fmt::format("line {}", e.line), error.what());
    }
  }

  Arguments arguments(const Expression& e, const ScopePtr& scope) {
    Arguments arguments;
    for (const auto& a : e.arguments) arguments.values.push_back(evaluate(*a, scope));
    for (const auto& [name, a] : e.named) arguments.named.emplace_back(name, evaluate(*a, scope));
    return arguments;
  }

  Value value_of(const Expression& e, const ScopePtr& scope) {
    const auto part = [&](size_t i) { return evaluate(*e.parts[i], scope); };
    const auto part_or_none = [&](size_t i) { return e.parts[i] ? part(i) : Value(None{}); };
    switch (e.kind) {
      case Op::kConstant:
        return e.constant;
      case Op::kName:
        return find(e.text, scope);
      case Op::kList: {
        List list;
        for (size_t i = 0; i < e.parts.size(); ++i) list.push_back(part(i));
        budget_.step(list.size());
        return e.text == "tuple" ? Value::make_tuple(std::move(list)) : Value(std::move(list));
      }
      case Op::kDict: {
        Dict dict;
        for (size_t i = 0; i + 1 < e.parts.size(); i += 2) {
          const Value key = part(i);
          require<UsageError>(key.string() != nullptr, "a mapping's key is {}, no string", key.kind());
          dict.set(*key.string(), part(i + 1));
        }
        return dict;
      }
      case Op::kAttribute:
        return attribute(part(0), e.text, environment_);
      case Op::kItem:
        return item(part(0), part(1), environment_);
      case Op::kSlice:
        return slice(part(0), part_or_none(1), part_or_none(2), part_or_none(3), environment_);
      case Op::kCall: {
        const Value callee = part(0);
        if (callee.is_undefined())
          throw UsageError(fmt::format("'{}' is not known", callee.undefined_name()));
        require<UsageError>(callee.function() != nullptr, "{} cannot be called", callee.kind());
        return (*callee.function())(arguments(e, scope));
      }
      case Op::kFilter:
        return apply_filter(e.text, part(0), arguments(e, scope), environment_);
      case Op::kTest:
        return apply_test(e.text, part(0), arguments(e, scope));
      case Op::kNot:
        return !part(0).truth();
      case Op::kNegate:
        return binary("-", int64_t{0}, part(0), environment_);
      case Op::kPlus:
        return binary("+", int64_t{0}, part(0), environment_);
      case Op::kAnd: {
        const Value left = part(0);
        return left.truth() ? part(1) : left;
      }
      case Op::kOr: {
        const Value left = part(0);
        return left.truth() ? left : part(1);
      }
      case Op::kBinary: {
        const Value left = part(0);
        return binary(e.text, left, part(1), environment_);
      }
      case Op::kCompare: {
        Value left = part(0);
        for (size_t i = 0; i < e.words.size(); ++i) {
          Value right = part(i + 1);
          budget_.step(std::min(left.weight(), right.weight()) / 16 +
                       (e.words[i].ends_with("in") ? right.weight() / 16 : 0));
          if (!compare(e.words[i], left, right)) return false;
          left = std::move(right);
        }
        return true;
      }
      case Op::kChoice:
        return part(0).truth() ? part(1) : part(2);
    }
    return {};
  }

  const std::string& name_;
  Budget budget_;
  Environment environment_;
  std::time_t now_;
  ScopePtr globals_;
  std::vector<Value> namespaces_;
  size_t depth_ = 0;
};

}  // namespace

std::string run(const Block& block, const Dict& variables, const std::string& name,
                const RunOptions& options) {
  return Runner(name, options).run(block, variables);
}

}  // namespace conclave::jinja
