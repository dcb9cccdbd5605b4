// tokenizer.json, as Hugging Face `tokenizers` writes it:
//   {"version", "truncation", "padding", "added_tokens": [...], "normalizer", "pre_tokenizer",
//    "post_processor", "decoder", "model"}
// Truncation and padding are the caller's business and not read.
#include "framework/base/base64.h"
#include "framework/text/tokenizer_fields.h"

namespace conclave {
namespace {

using Tree = TokenizerTree;

class TokenizerReader : public TokenizerFields {
 public:
  using TokenizerFields::TokenizerFields;

  TokenizerParts read(const Tree& root) {
    if (!root.is_object()) fail("", "a JSON object is wanted");
    TokenizerParts parts;
    std::vector<NormalStep> normal;
    read_normalizer(child(root, "normalizer"), normal);
    parts.normalizer = build<Normalizer>("normalizer", std::move(normal));
    std::vector<SplitStep> steps;
    read_pre_tokenizer(child(root, "pre_tokenizer"), steps);
    parts.pre_tokenizer = build<PreTokenizer>("pre_tokenizer", std::move(steps));
    std::vector<DecodeStep> decoder;
    read_decoder(child(root, "decoder"), decoder);
    parts.decoder = build<TokenDecoder>("decoder", std::move(decoder));
    parts.model = read_token_model(*this, child(root, "model"), byte_level_);
    read_added(child(root, "added_tokens"), parts);
    read_post_processor(child(root, "post_processor"), parts);
    parts.post_processor = child(root, "post_processor");
    return parts;
  }

 private:
  /// The value that `name` has in a table of names.
  template <class T, size_t n>
  T named(const std::pair<const char*, T> (&table)[n], const std::string& name, const std::string& where,
          const char* what) const {
    for (const auto& [known, value] : table)
      if (name == known) return value;
    fail(where, fmt::format("{} '{}' is not known", what, name));
  }

  /// {"Regex": ...} or {"String": ...}: the text, and whether it is a regular expression.
  std::pair<std::string, bool> pattern(const Tree& component, const std::string& where,
                                       const std::string& type) const {
    const Tree& pattern = child(component, "pattern");
    if (!pattern.is_object()) fail(where, fmt::format("a {} has no pattern", type));
    const bool regex = pattern.contains("Regex");
    return {text(pattern, regex ? "Regex" : "String", where), regex};
  }

  void read_normalizer(const Tree& component, std::vector<NormalStep>& steps) {
    const std::string where = "normalizer";
    if (component.is_null()) return;
    const auto type = type_of(component, where);
    if (type == "Sequence")
      return each(child(component, "normalizers"), where, [&](const Tree& c) { read_normalizer(c, steps); });
    NormalStep step;
    using Kind = NormalStep::Kind;
    if (type == "Lowercase") {
      step.kind = Kind::kLowercase;
    } else if (type == "Prepend") {
      step.kind = Kind::kPrepend;
      step.content = text(component, "prepend", where);
    } else if (type == "Replace") {
      const auto [wanted, regex] = pattern(component, where, type);
      step.kind = regex ? Kind::kReplaceRegex : Kind::kReplaceString;
      step.pattern = wanted;
      step.content = text(component, "content", where);
    } else if (type == "Strip") {
      step.kind = Kind::kStrip;
      step.left = flag(component, "strip_left", true, where);
      step.right = flag(component, "strip_right", true, where);
    } else if (type == "Precompiled") {
      const auto blob = from_base64(text(component, "precompiled_charsmap", where));
      if (!blob) fail(where, "'precompiled_charsmap' is not base64");
      if (blob->empty()) return;
      step.kind = Kind::kCharMap;
      step.map = std::make_shared<CharMap>(build<CharMap>(where, *blob));
    } else {
      bool known = false;
      for (const auto& [name, form] : kUnicodeForms)
        if (type == name) step.form = form, known = true;
      if (!known)
        unknown(where, type,
                "Sequence, NFC, NFD, NFKC, NFKD, Lowercase, Prepend, Replace, Strip, Precompiled");
    }
    steps.push_back(std::move(step));
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
    using Kind = SplitStep::Kind;
    if (type == "ByteLevel") {
      byte_level_ = true;
      step.kind = Kind::kByteLevel;
      step.add_prefix_space = flag(component, "add_prefix_space", true, where);
      step.use_regex = flag(component, "use_regex", true, where);
    } else if (type == "Digits") {
      step.kind = Kind::kDigits;
      step.individual_digits = flag(component, "individual_digits", false, where);
    } else if (type == "Split") {
      const auto [wanted, regex] = pattern(component, where, type);
      step.kind = regex ? Kind::kSplitRegex : Kind::kSplitString;
      step.pattern = wanted;
      step.invert = flag(component, "invert", false, where);
      step.behavior = named(kSplitBehaviors, text(component, "behavior", where), where, "Split behavior");
    } else if (type == "WhitespaceSplit") {
      step.kind = Kind::kSplitRegex;
      step.pattern = R"(\s+)";
      step.behavior = SplitStep::Behavior::kRemoved;
    } else if (type == "Metaspace") {
      read_metaspace(component, step);
    } else {
      unknown(where, type, "Sequence, Split, Digits, WhitespaceSplit, Metaspace, ByteLevel");
    }
    steps.push_back(std::move(step));
  }

  /// Files of other years say add_prefix_space, or nothing, where later ones have prepend_scheme and split.
  SplitStep::Prepend prepend_scheme(const Tree& component, const std::string& where) const {
    if (child(component, "prepend_scheme").is_null())
      return flag(component, "add_prefix_space", true, where) ? SplitStep::Prepend::kAlways
                                                              : SplitStep::Prepend::kNever;
    return named(kPrependSchemes, text(component, "prepend_scheme", where), where, "prepend_scheme");
  }
  void read_metaspace(const Tree& component, SplitStep& step) const {
    const std::string where = "pre_tokenizer";
    step.kind = SplitStep::Kind::kMetaspace;
    step.behavior = SplitStep::Behavior::kMergedWithNext;
    step.pattern = text(component, "replacement", where);
    if (step.pattern.empty()) fail(where, "Metaspace has an empty 'replacement'");
    step.prepend = prepend_scheme(component, where);
    step.split_spaces = flag(component, "split", true, where);
  }

  void read_decoder(const Tree& component, std::vector<DecodeStep>& steps) {
    const std::string where = "decoder";
    if (component.is_null()) fail(where, "is missing");
    const auto type = type_of(component, where);
    if (type == "Sequence")
      return each(child(component, "decoders"), where, [&](const Tree& c) { read_decoder(c, steps); });
    DecodeStep step;
    using Kind = DecodeStep::Kind;
    if (type == "ByteLevel") {
      step.kind = Kind::kByteLevel;
    } else if (type == "Replace") {
      const auto [wanted, regex] = pattern(component, where, type);
      if (regex) fail(where, fmt::format("Replace of the regular expression '{}' is not supported", wanted));
      step.kind = Kind::kReplace;
      step.pattern = wanted;
      step.content = text(component, "content", where);
    } else if (type == "ByteFallback") {
      step.kind = Kind::kByteFallback;
    } else if (type == "Fuse") {
      step.kind = Kind::kFuse;
    } else if (type == "Metaspace") {
      step.kind = Kind::kMetaspace;
      step.pattern = text(component, "replacement", where);
      step.prepended = prepend_scheme(component, where) != SplitStep::Prepend::kNever;
    } else if (type == "Strip") {
      step.kind = Kind::kStrip;
      step.content = text(component, "content", where);
      if (step.content.empty()) fail(where, "Strip has an empty 'content'");
      const Tree &start = child(component, "start"), &stop = child(component, "stop");
      if (!start.is_number_unsigned()) fail(where, "Strip: 'start' is not a whole number");
      if (stop != 0)
        fail(where, fmt::format("Strip with 'stop' {} is not supported (allowed: 0)", stop.dump()));
      step.start = start.get<size_t>();
    } else {
      unknown(where, type, "Sequence, ByteLevel, Replace, ByteFallback, Fuse, Metaspace, Strip");
    }
    steps.push_back(std::move(step));
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
    const auto& vocabulary = parts.vocabulary();
    bool known = wanted < vocabulary.size() && !vocabulary.spelled(wanted).empty();
    for (const auto& token : parts.added) known |= token.id == wanted;
    if (!known) fail("post_processor", fmt::format("id {} is not in the vocabulary", wanted));
    return wanted;
  }

  void read_added(const Tree& list, TokenizerParts& parts) const {
    const std::string where = "added_tokens";
    if (list.is_null()) return;
    if (!list.is_array()) fail(where, "is not a list");
    if (list.size() > limits().tokens)
      fail(where, fmt::format("{} tokens: the limit is {}", list.size(), limits().tokens));
    std::unordered_map<int64_t, std::string> seen;
    for (const auto& item : list) {
      if (!item.is_object()) fail(where, "an entry is not a JSON object");
      AddedToken token;
      token.id = id(child(item, "id"), where);
      token.content = text(item, "content", where);
      if (token.content.empty() || token.content.size() > limits().token_bytes)
        fail(where, fmt::format("token {} is {} bytes long (allowed: 1 to {})", token.id,
                                token.content.size(), limits().token_bytes));
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

  bool byte_level_ = false;
};

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
  return Tokenizer(TokenizerReader(name, limits).read(root));
}

}  // namespace conclave
