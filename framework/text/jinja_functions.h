/// The filters, tests and methods that chat templates use.
#pragma once

#include "framework/text/jinja_value.h"

namespace conclave::jinja {

/// What a template may use up, so that none runs for ever or fills the memory.
class Budget {
 public:
  explicit Budget(size_t steps, size_t bytes) : steps_(steps), bytes_(bytes) {}
  /// Throws UsageError when it is used up.
  void step(size_t count = 1);
  void bytes(size_t count);
  /// A text that was made, counted.
  Value text(std::string made);
  Value list(List made);

 private:
  size_t steps_, bytes_;
};

/// What functions need from the one who runs the template.
struct Environment {
  Budget& budget;
};

/// All throw UsageError: for a name that is not known, wrong arguments and wrong kinds.
Value apply_filter(const std::string& name, const Value& value, const Arguments& arguments, Environment& env);
bool apply_test(const std::string& name, const Value& value, const Arguments& arguments);
/// value.name: an entry of a mapping or a method. Undefined when there is neither.
Value attribute(const Value& value, const std::string& name, Environment& env);
/// value[key].
Value item(const Value& value, const Value& key, Environment& env);
Value slice(const Value& value, const Value& start, const Value& stop, const Value& step, Environment& env);
/// left sign right, for + - * / // % ~.
Value binary(const std::string& sign, const Value& left, const Value& right, Environment& env);
/// left word right, for == != < <= > >= in "not in".
bool compare(const std::string& word, const Value& left, const Value& right);
/// What a loop runs over: a list, the keys of a mapping, the characters of a string, nothing of undefined.
List elements(const Value& value, Environment& env);

}  // namespace conclave::jinja
