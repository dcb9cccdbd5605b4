// Writes what tokenizer_read.cpp reads.
#include "framework/base/base64.h"
#include "framework/base/error.h"
#include "framework/text/tokenizer_fields.h"

namespace conclave {
namespace {

template <class T, size_t n>
const char* name_in(const std::pair<const char*, T> (&table)[n], T wanted) {
  for (const auto& [name, value] : table)
    if (value == wanted) return name;
  return "";
}

Json pattern_json(bool regex, const std::string& pattern) {
  return {{regex ? "Regex" : "String", pattern}};
}

Json normal_json(const NormalStep& step) {
  using Kind = NormalStep::Kind;
  switch (step.kind) {
    case Kind::kForm:
      break;
    case Kind::kLowercase:
      return {{"type", "Lowercase"}};
    case Kind::kPrepend:
      return {{"type", "Prepend"}, {"prepend", step.content}};
    case Kind::kReplaceString:
    case Kind::kReplaceRegex:
      return {{"type", "Replace"},
              {"pattern", pattern_json(step.kind == Kind::kReplaceRegex, step.pattern)},
              {"content", step.content}};
    case Kind::kStrip:
      return {{"type", "Strip"}, {"strip_left", step.left}, {"strip_right", step.right}};
    case Kind::kCharMap:
      require(!step.longest, "a character map of SentencePiece cannot be written as tokenizer.json");
      return {{"type", "Precompiled"}, {"precompiled_charsmap", to_base64(step.map->blob())}};
  }
  return {{"type", name_in(kUnicodeForms, step.form)}};
}

Json step_json(const SplitStep& step) {
  using Kind = SplitStep::Kind;
  switch (step.kind) {
    case Kind::kByteLevel:
      return {{"type", "ByteLevel"},
              {"add_prefix_space", step.add_prefix_space},
              {"trim_offsets", true},
              {"use_regex", step.use_regex}};
    case Kind::kDigits:
      return {{"type", "Digits"}, {"individual_digits", step.individual_digits}};
    case Kind::kMetaspace:
      require(!step.prepend_doubles, "SentencePiece's spaces cannot be written as tokenizer.json");
      return {{"type", "Metaspace"},
              {"replacement", step.pattern},
              {"prepend_scheme", name_in(kPrependSchemes, step.prepend)},
              {"split", step.split_spaces}};
    case Kind::kSplitRegex:
    case Kind::kSplitString:
      break;
  }
  return {{"type", "Split"},
          {"pattern", pattern_json(step.kind == Kind::kSplitRegex, step.pattern)},
          {"behavior", name_in(kSplitBehaviors, step.behavior)},
          {"invert", step.invert}};
}

Json decoder_json(const DecodeStep& step) {
  using Kind = DecodeStep::Kind;
  switch (step.kind) {
    case Kind::kByteLevel:
      break;
    case Kind::kReplace:
      return {{"type", "Replace"}, {"pattern", pattern_json(false, step.pattern)}, {"content", step.content}};
    case Kind::kByteFallback:
      return {{"type", "ByteFallback"}};
    case Kind::kMetaspace:
      return {{"type", "Metaspace"},
              {"replacement", step.pattern},
              {"prepend_scheme", step.prepended ? "always" : "never"},
              {"split", true}};
    case Kind::kFuse:
      return {{"type", "Fuse"}};
    case Kind::kStrip:
      return {{"type", "Strip"}, {"content", step.content}, {"start", step.start}, {"stop", 0}};
  }
  return {{"type", "ByteLevel"}, {"add_prefix_space", true}, {"trim_offsets", true}, {"use_regex", true}};
}

/// One component as it is, several as a Sequence, none as null.
Json sequence_json(Json list, const char* key) {
  if (list.empty()) return nullptr;
  if (list.size() == 1) return list[0];
  return {{"type", "Sequence"}, {key, std::move(list)}};
}

template <class Step>
Json steps_json(const std::vector<Step>& steps, Json (*json)(const Step&), const char* key) {
  Json list = Json::array();
  for (const auto& step : steps) list.push_back(json(step));
  return sequence_json(std::move(list), key);
}

// Vocabularies are written by hand, in order of id: an ordered_json would take quadratic time.
std::string model_text(const Bpe& bpe) {
  const auto& options = bpe.options();
  const Json unknown = options.unknown.empty() ? Json() : Json(options.unknown);
  std::string text = fmt::format(
      "{{\"type\":\"BPE\",\"dropout\":null,\"unk_token\":{},\"continuing_subword_prefix\":null,"
      "\"end_of_word_suffix\":null,\"fuse_unk\":{},\"byte_fallback\":{},\"ignore_merges\":{},"
      "\n\"vocab\":{{",
      unknown.dump(), options.fuse_unknown, options.byte_fallback, options.ignore_merges);
  const char* comma = "\n";
  for (int64_t id = 0; id < bpe.size(); ++id) {
    if (bpe.spelled(id).empty()) continue;
    text += fmt::format("{}{}:{}", comma, Json(bpe.spelled(id)).dump(), id);
    comma = ",\n";
  }
  text += "},\n\"merges\":[";
  comma = "\n";
  for (const auto& [left, right] : bpe.merges()) {
    const bool plain = left.find(' ') == left.npos && right.find(' ') == right.npos;
    text += comma + (plain ? Json(left + " " + right) : Json::array({left, right})).dump();
    comma = ",\n";
  }
  return text + "]}";
}

std::string model_text(const Unigram& unigram) {
  const auto& options = unigram.options();
  std::string text =
      fmt::format("{{\"type\":\"Unigram\",\"unk_id\":{},\"byte_fallback\":{},\n\"vocab\":[",
                  options.unknown < 0 ? "null" : fmt::to_string(options.unknown), options.byte_fallback);
  const char* comma = "\n";
  for (int64_t id = 0; id < unigram.size(); ++id) {
    const auto score = unigram.scores()[static_cast<size_t>(id)].value_or(0);
    text += comma + Json::array({unigram.spelled(id), score}).dump();
    comma = ",\n";
  }
  return text + "]}";
}

}  // namespace

std::string Tokenizer::to_json() const {
  Json added = Json::array();
  for (const auto& t : parts_.added)
    added.push_back({{"id", t.id},
                     {"content", t.content},
                     {"single_word", t.single_word},
                     {"lstrip", t.lstrip},
                     {"rstrip", t.rstrip},
                     {"normalized", t.normalized},
                     {"special", t.special}});
  const Json head = {{"version", "1.0"},
                     {"truncation", nullptr},
                     {"padding", nullptr},
                     {"added_tokens", added},
                     {"normalizer", steps_json(parts_.normalizer.steps(), normal_json, "normalizers")},
                     {"pre_tokenizer", steps_json(parts_.pre_tokenizer.steps(), step_json, "pretokenizers")},
                     {"post_processor", parts_.post_processor},
                     {"decoder", steps_json(parts_.decoder.steps(), decoder_json, "decoders")}};
  std::string text = head.dump(1);
  text.resize(text.rfind('}'));
  text += ",\"model\":" + std::visit([](const auto& model) { return model_text(model); }, parts_.model);
  return text + "}\n";
}

}  // namespace conclave
