// tokenizer.json, as Hugging Face `tokenizers` writes it:
//   {"version", "truncation", "padding", "added_tokens": [...], "normalizer", "pre_tokenizer",
//    "post_processor", "decoder", "model": {"type": "BPE", "vocab": {token: id}, "merges": ["a b"] or
//    [["a","b"]]}}
// Tokens are spelled in the byte alphabet. Truncation and padding are the caller's business and not read.
#include <functional>

#include "framework/base/error.h"
#include "framework/base/json_problem.h"
#include "framework/text/tokenizer.h"

namespace conclave {
namespace {

using Behavior = SplitStep::Behavior;
using Kind = SplitStep::Kind;
using Tree = nlohmann::json;  // ordered_json looks keys up one by one: minutes for a vocabulary of 150,000

constexpr std::pair<const char*, Behavior> kBehaviors[] = {
    {"Removed", Behavior::kRemoved},
    {"Isolated", Behavior::kIsolated},
    {"MergedWithPrevious", Behavior::kMergedWithPrevious},
    {"MergedWithNext", Behavior::kMergedWithNext},
    {"Contiguous", Behavior::kContiguous}};
constexpr std::pair<const char*, UnicodeForm> kForms[] = {{"NFC", UnicodeForm::kNfc},
                                                          {"NFD", UnicodeForm::kNfd},
                                                          {"NFKC", UnicodeForm::kNfkc},
                                                          {"NFKD", UnicodeForm::kNfkd}};

class Reader {
 public:
  Reader(const std::string& name, const TokenizerLimits& limits) : name_(name), limits_(limits) {}

  TokenizerParts read(const Tree& root) {
    if (!root.is_object()) fail("", "a JSON object is wanted");
    TokenizerParts parts;
    read_normalizer(child(root, "normalizer"), parts.normalizer);
    std::vector<SplitStep> steps;
    read_pre_tokenizer(child(root, "pre_tokenizer"), steps);
    if (!byte_level_) fail("pre_tokenizer", "has no ByteLevel step: only byte-level BPE is read");
    parts.pre_tokenizer = build<PreTokenizer>("pre_tokenizer", std::move(steps));
    read_decoder(child(root, "decoder"));
    parts.bpe = read_model(child(root, "model"));
    read_added(child(root, "added_tokens"), parts);
    read_post_processor(child(root, "post_processor"), parts);
    parts.post_processor = child(root, "post_processor");
    return parts;
  }

 private:
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

  void read_normalizer(const Tree& component, std::vector<UnicodeForm>& forms) {
    if (component.is_null()) return;
    const auto type = type_of(component, "normalizer");
    if (type == "Sequence")
      return each(child(component, "normalizers"), "normalizer",
                  [&](const Tree& c) { read_normalizer(c, forms); });
    for (const auto& [name, form] : kForms)
      if (type == name) return forms.push_back(form);
    unknown("normalizer", type, "Sequence, NFC, NFD, NFKC, NFKD");
  }

  void read_pre_tokenizer(const Tree& component, std::vector<SplitStep>& steps) {
    const std::string where = "pre_tokenizer";
    if (component.is_null()) return;
    const auto type = type_of(component, where);
    if (type == "Sequence")
      return each(child(component, "pretokenizers"), where,
                  [&](const Tree& c) { read_pre_tokenizer(c, steps); });
    if (byte_level_)
      fail(where, fmt::format("'{}' comes after ByteLevel, which must be the last step", type));
    SplitStep step;
    if (type == "ByteLevel") {
      byte_level_ = true;
      step.kind = Kind::kByteLevel;
      step.add_prefix_space = flag(component, "add_prefix_space", true, where);
      step.use_regex = flag(component, "use_regex", true, where);
    } else if (type == "Digits") {
      step.kind = Kind::kDigits;
      step.individual_digits = flag(component, "individual_digits", false, where);
    } else if (type == "Split") {
      const Tree& pattern = child(component, "pattern");
      if (!pattern.is_object()) fail(where, "a Split has no pattern");
      const bool regex = pattern.contains("Regex");
      step.kind = regex ? Kind::kSplitRegex : Kind::kSplitString;
      step.pattern = text(pattern, regex ? "Regex" : "String", where);
      step.invert = flag(component, "invert", false, where);
      const auto behavior = text(component, "behavior", where);
      bool known = false;
      for (const auto& [name, value] : kBehaviors)
        if (behavior == name) step.behavior = value, known = true;
      if (!known) fail(where, fmt::format("Split behavior '{}' is not known", behavior));
    } else {
      unknown(where, type, "Sequence, Split, Digits, ByteLevel");
    }
    steps.push_back(std::move(step));
  }

  void read_decoder(const Tree& component) {
    if (component.is_null()) fail("decoder", "is missing: a ByteLevel decoder is wanted");
    const auto type = type_of(component, "decoder");
    if (type == "Sequence")
      return each(child(component, "decoders"), "decoder", [&](const Tree& c) { read_decoder(c); });
    if (type != "ByteLevel") unknown("decoder", type, "Sequence, ByteLevel");
  }

  void read_post_processor(const Tree& component, TokenizerParts& parts) {
    const std::string where = "post_processor";
    if (component.is_null()) return;
    const auto type = type_of(component, where);
    if (type == "Sequence")
      return each(child(component, "processors"), where,
                  [&](const Tree& c) { read_post_processor(c, parts); });
    if (type == "ByteLevel") return;  // it only trims offsets, which are not kept here
    if (type != "TemplateProcessing") unknown(where, type, "Sequence, ByteLevel, TemplateProcessing");
    bool behind = false;
    each(child(component, "single"), where, [&](const Tree& item) {
      if (!item.is_object()) fail(where, "a template item is not a JSON object");
      if (item.contains("Sequence")) {
        if (behind) fail(where, "the template 'single' names its text twice");
        behind = true;
        return;
      }
      const auto name = text(child(item, "SpecialToken"), "id", where);
      const Tree& ids = child(child(child(component, "special_tokens"), name.c_str()), "ids");
      if (!ids.is_array()) fail(where, fmt::format("the template's token '{}' has no ids", name));
      for (const auto& value : ids) (behind ? parts.suffix : parts.prefix).push_back(known_id(value, parts));
    });
    if (!behind) fail(where, "the template 'single' has no place for the text");
  }
  int64_t known_id(const Tree& value, const TokenizerParts& parts) const {
    const int64_t wanted = id(value, "post_processor");
    bool known = wanted < parts.bpe.size() && !parts.bpe.spelled(wanted).empty();
    for (const auto& token : parts.added) known |= token.id == wanted;
    if (!known) fail("post_processor", fmt::format("id {} is not in the vocabulary", wanted));
    return wanted;
  }

  void read_added(const Tree& list, TokenizerParts& parts) const {
    const std::string where = "added_tokens";
    if (list.is_null()) return;
    if (!list.is_array()) fail(where, "is not a list");
    if (list.size() > limits_.tokens)
      fail(where, fmt::format("{} tokens: the limit is {}", list.size(), limits_.tokens));
    std::unordered_map<int64_t, std::string> seen;
    for (const auto& item : list) {
      if (!item.is_object()) fail(where, "an entry is not a JSON object");
      AddedToken token;
      token.id = id(child(item, "id"), where);
      token.content = text(item, "content", where);
      if (token.content.empty() || token.content.size() > limits_.token_bytes)
        fail(where, fmt::format("token {} is {} bytes long (allowed: 1 to {})", token.id,
                                token.content.size(), limits_.token_bytes));
      token.special = flag(item, "special", false, where);
      token.single_word = flag(item, "single_word", false, where);
      token.lstrip = flag(item, "lstrip", false, where);
      token.rstrip = flag(item, "rstrip", false, where);
      token.normalized = flag(item, "normalized", !token.special, where);
      const auto [at, fresh] = seen.emplace(token.id, token.content);
      if (!fresh)
        fail(where, fmt::format("id {} is both '{}' and '{}'", token.id, at->second, token.content));
      parts.added.push_back(std::move(token));
    }
  }

  Bpe read_model(const Tree& model) const {
    const std::string where = "model";
    if (!model.is_object()) fail(where, "is missing or not a JSON object");
    const Tree& type = child(model, "type");  // the first files had none
    if (!type.is_null() && type != "BPE") unknown(where, type.dump(), "BPE");
    for (const char* key : {"continuing_subword_prefix", "end_of_word_suffix"})
      if (const Tree& v = child(model, key); !v.is_null() && v != "")
        fail(where, fmt::format("'{}' is {}: not supported in byte-level BPE", key, v.dump()));
    if (const Tree& v = child(model, "dropout"); !v.is_null() && v != 0)
      fail(where, fmt::format("'dropout' is {}: encoding must be deterministic", v.dump()));
    for (const char* key : {"byte_fallback", "fuse_unk"})
      if (flag(model, key, false, where))
        fail(where, fmt::format("'{}' is not supported in byte-level BPE", key));

    const Tree& vocab = child(model, "vocab");
    if (!vocab.is_object() || vocab.empty()) fail(where, "'vocab' is missing, empty or not a JSON object");
    if (vocab.size() > limits_.tokens)
      fail(where, fmt::format("{} tokens: the limit is {}", vocab.size(), limits_.tokens));
    std::vector<std::string> tokens;
    for (const auto& [token, value] : vocab.items()) {
      const auto at = static_cast<size_t>(id(value, where));
      if (token.empty() || token.size() > limits_.token_bytes)
        fail(where, fmt::format("token {} is {} bytes long (allowed: 1 to {})", at, token.size(),
                                limits_.token_bytes));
      if (at >= tokens.size()) tokens.resize(at + 1);
      if (!tokens[at].empty()) fail(where, fmt::format("id {} is both '{}' and '{}'", at, tokens[at], token));
      tokens[at] = token;
    }

    const Tree& list = child(model, "merges");
    if (!list.is_array()) fail(where, "'merges' is missing or not a list");
    if (list.size() > limits_.merges)
      fail(where, fmt::format("{} merges: the limit is {}", list.size(), limits_.merges));
    std::vector<std::pair<std::string, std::string>> merges;
    merges.reserve(list.size());
    for (const auto& item : list) {
      if (item.is_string()) {
        const auto both = item.get<std::string>();
        const auto space = both.find(' ');
        if (space == both.npos || both.find(' ', space + 1) != both.npos)
          fail(where,
               fmt::format("merge {} is not two tokens with a space between: '{}'", merges.size(), both));
        merges.emplace_back(both.substr(0, space), both.substr(space + 1));
      } else if (item.is_array() && item.size() == 2 && item[0].is_string() && item[1].is_string()) {
        merges.emplace_back(item[0].get<std::string>(), item[1].get<std::string>());
      } else {
        fail(where, fmt::format("merge {} is not a pair of tokens", merges.size()));
      }
    }
    Bpe::Options options;
    if (!child(model, "unk_token").is_null()) options.unknown = text(model, "unk_token", where);
    options.ignore_merges = flag(model, "ignore_merges", false, where);
    return build<Bpe>(where, std::move(tokens), std::move(merges), std::move(options));
  }

  const std::string& name_;
  const TokenizerLimits& limits_;
  bool byte_level_ = false;
  int depth_ = 0;
};

Json step_json(const SplitStep& step) {
  switch (step.kind) {
    case Kind::kByteLevel:
      return {{"type", "ByteLevel"},
              {"add_prefix_space", step.add_prefix_space},
              {"trim_offsets", true},
              {"use_regex", step.use_regex}};
    case Kind::kDigits:
      return {{"type", "Digits"}, {"individual_digits", step.individual_digits}};
    case Kind::kSplitRegex:
    case Kind::kSplitString:
      break;
  }
  const char* behavior = "";
  for (const auto& [name, value] : kBehaviors)
    if (value == step.behavior) behavior = name;
  return {{"type", "Split"},
          {"pattern", {{step.kind == Kind::kSplitRegex ? "Regex" : "String", step.pattern}}},
          {"behavior", behavior},
          {"invert", step.invert}};
}

/// One component as it is, several as a Sequence, none as null.
Json sequence_json(Json list, const char* key) {
  if (list.empty()) return nullptr;
  if (list.size() == 1) return list[0];
  return {{"type", "Sequence"}, {key, std::move(list)}};
}

}  // namespace

Tokenizer Tokenizer::parse(std::string_view json, const std::string& name, const TokenizerLimits& limits) {
  if (json.size() > limits.file_bytes)
    throw DataError(name, "", fmt::format("{} bytes: the limit is {}", json.size(), limits.file_bytes));
  check_json_depth(json, name);
  Tree root;
  try {
    root = Tree::parse(json);
  } catch (const nlohmann::json::exception& e) {
    throw DataError(name, "", json_problem(e));
  }
  return Tokenizer(Reader(name, limits).read(root));
}

std::string Tokenizer::to_json() const {
  Json added = Json::array(), normalizers = Json::array(), steps = Json::array();
  for (const auto& t : parts_.added)
    added.push_back({{"id", t.id},
                     {"content", t.content},
                     {"single_word", t.single_word},
                     {"lstrip", t.lstrip},
                     {"rstrip", t.rstrip},
                     {"normalized", t.normalized},
                     {"special", t.special}});
  for (const auto form : parts_.normalizer)
    for (const auto& [name, value] : kForms)
      if (value == form) normalizers.push_back({{"type", name}});
  for (const auto& step : parts_.pre_tokenizer.steps()) steps.push_back(step_json(step));
  Json head = {
      {"version", "1.0"},
      {"truncation", nullptr},
      {"padding", nullptr},
      {"added_tokens", added},
      {"normalizer", sequence_json(normalizers, "normalizers")},
      {"pre_tokenizer", sequence_json(steps, "pretokenizers")},
      {"post_processor", parts_.post_processor},
      {"decoder",
       {{"type", "ByteLevel"}, {"add_prefix_space", true}, {"trim_offsets", true}, {"use_regex", true}}}};
  const auto& options = parts_.bpe.options();
  const Json unknown = options.unknown.empty() ? Json() : Json(options.unknown);

  // The vocabulary is written by hand, in order of id: an ordered_json would take quadratic time.
  std::string text = head.dump(1);
  text.resize(text.rfind('}'));
  text += fmt::format(
      ",\"model\":{{\"type\":\"BPE\",\"dropout\":null,\"unk_token\":{},\"continuing_subword_prefix\":null,"
      "\"end_of_word_suffix\":null,\"fuse_unk\":false,\"byte_fallback\":false,\"ignore_merges\":{},"
      "\n\"vocab\":{{",
      unknown.dump(), options.ignore_merges);
  const char* comma = "\n";
  for (int64_t id = 0; id < parts_.bpe.size(); ++id) {
    if (parts_.bpe.spelled(id).empty()) continue;
    text += fmt::format("{}{}:{}", comma, Json(parts_.bpe.spelled(id)).dump(), id);
    comma = ",\n";
  }
  text += "},\n\"merges\":[";
  comma = "\n";
  for (const auto& [left, right] : parts_.bpe.merges()) {
    const bool plain = left.find(' ') == left.npos && right.find(' ') == right.npos;
    text += comma + (plain ? Json(left + " " + right) : Json::array({left, right})).dump();
    comma = ",\n";
  }
  return text + "]}}\n";
}

}  // namespace conclave
