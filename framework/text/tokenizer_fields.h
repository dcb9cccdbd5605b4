/// What the parts of the reader of tokenizer.json share.
#pragma once

#include <functional>

#include "framework/base/error.h"
#include "framework/base/json_problem.h"
#include "framework/text/tokenizer.h"

namespace conclave {

/// ordered_json looks keys up one by one: minutes for a vocabulary of 150,000.
using TokenizerTree = nlohmann::json;

inline constexpr std::pair<const char*, SplitStep::Behavior> kSplitBehaviors[] = {
    {"Removed", SplitStep::Behavior::kRemoved},
    {"Isolated", SplitStep::Behavior::kIsolated},
    {"MergedWithPrevious", SplitStep::Behavior::kMergedWithPrevious},
    {"MergedWithNext", SplitStep::Behavior::kMergedWithNext},
    {"Contiguous", SplitStep::Behavior::kContiguous}};
inline constexpr std::pair<const char*, SplitStep::Prepend> kPrependSchemes[] = {
    {"never", SplitStep::Prepend::kNever},
    {"first", SplitStep::Prepend::kFirst},
    {"always", SplitStep::Prepend::kAlways}};
inline constexpr std::pair<const char*, UnicodeForm> kUnicodeForms[] = {{"NFC", UnicodeForm::kNfc},
                                                                        {"NFD", UnicodeForm::kNfd},
                                                                        {"NFKC", UnicodeForm::kNfkc},
                                                                        {"NFKD", UnicodeForm::kNfkd}};

/// Reads values of one file; every failure is a DataError that names the place.
class TokenizerFields {
 public:
  using Tree = TokenizerTree;
  TokenizerFields(const std::string& name, const TokenizerLimits& limits) : name_(name), limits_(limits) {}

  const TokenizerLimits& limits() const { return limits_; }
  [[noreturn]] void fail(const std::string& where, const std::string& what) const {
    throw DataError(name_, where, what);
  }
  [[noreturn]] void unknown(const std::string& where, const std::string& type, const char* known) const {
    fail(where, fmt::format("component '{}' is not known (known: {})", type, known));
  }

  /// A configuration error inside the file is the file's fault.
  template <class T, class... Args>
  T build(const std::string& where, Args&&... args) const {
    try {
      return T(std::forward<Args>(args)...);
    } catch (const UsageError& e) {
      fail(where, e.what());
    }
  }

  static const Tree& child(const Tree& parent, const char* key) {
    static const Tree nothing;
    const auto found = parent.find(key);
    return found == parent.end() ? nothing : *found;
  }
  std::string text(const Tree& parent, const char* key, const std::string& where) const {
    const Tree& value = child(parent, key);
    if (!value.is_string()) fail(where, fmt::format("'{}' is missing or not a string", key));
    return value.get<std::string>();
  }
  bool flag(const Tree& parent, const char* key, bool otherwise, const std::string& where) const {
    const Tree& value = child(parent, key);
    if (value.is_null()) return otherwise;
    if (!value.is_boolean()) fail(where, fmt::format("'{}' is neither true nor false", key));
    return value.get<bool>();
  }
  int64_t id(const Tree& value, const std::string& where) const {
    if (!value.is_number_integer()) fail(where, "an id is not a whole number");
    const auto id = value.get<int64_t>();
    if (id < 0 || id >= static_cast<int64_t>(limits_.tokens))
      fail(where, fmt::format("id {} is outside 0 .. {}", id, limits_.tokens - 1));
    return id;
  }
  std::string type_of(const Tree& component, const std::string& where) const {
    if (!component.is_object()) fail(where, "a component is not a JSON object");
    return text(component, "type", where);
  }
  void each(const Tree& list, const std::string& where, const std::function<void(const Tree&)>& visit) {
    if (!list.is_array()) fail(where, "a Sequence has no list of components");
    if (++depth_ > 8) fail(where, "Sequences are nested more than 8 deep");
    for (const auto& component : list) visit(component);
    --depth_;
  }

 private:
  const std::string& name_;
  const TokenizerLimits& limits_;
  int depth_ = 0;
};

/// The "model" part. `byte_level`: pieces come in bytes.
std::variant<Bpe, Unigram> read_token_model(const TokenizerFields& file, const TokenizerTree& model,
                                            bool byte_level);

}  // namespace conclave
