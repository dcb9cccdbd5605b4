#include "framework/text/published_text.h"

#include "framework/base/error.h"
#include "framework/base/file.h"
#include "framework/text/sentencepiece.h"

namespace conclave {
namespace fs = std::filesystem;
namespace {

/// The value of a key; null when there is none.
const Json& at(const Json& object, const char* key) {
  static const Json nothing;
  const auto found = object.find(key);
  return found == object.end() ? nothing : *found;
}

constexpr const char* kSentencePieceNames[] = {"tokenizer.model", "spiece.model", "sentencepiece.bpe.model"};

class FolderReader {
 public:
  FolderReader(const fs::path& folder, const TokenizerLimits& limits)
      : folder_(folder), limits_(limits), settings_(object("tokenizer_config.json")) {}

  PublishedText read() {
    PublishedText text{tokenizer(), {}};
    text.special = special_tokens();
    text.chat = chat();
    text.stop = stop_ids(text);
    return text;
  }

 private:
  [[noreturn]] void fail(const char* file, const std::string& what) const {
    throw DataError((folder_ / file).string(), "", what);
  }
  /// A JSON object in a file that may be missing.
  Json object(const char* file) const {
    const auto path = folder_ / file;
    if (!fs::exists(path)) return Json::object();
    Json json = read_json(path);
    if (!json.is_object()) fail(file, "a JSON object is wanted");
    return json;
  }
  /// A token written as its text or as {"content": text, ...}.
  static std::optional<std::string> content_of(const Json& token) {
    if (token.is_string()) return token.get<std::string>();
    if (token.is_object() && token.contains("content") && token["content"].is_string())
      return token["content"].get<std::string>();
    return std::nullopt;
  }
  bool flag(const char* key, bool otherwise) const {
    const auto found = settings_.find(key);
    if (found == settings_.end() || found->is_null()) return otherwise;
    if (!found->is_boolean())
      fail("tokenizer_config.json", fmt::format("'{}' is neither true nor false", key));
    return found->get<bool>();
  }

  Tokenizer tokenizer() const {
    if (const auto path = folder_ / "tokenizer.json"; fs::exists(path))
      return framed(Tokenizer::load(path, limits_));
    for (const auto* name : kSentencePieceNames) {
      if (!fs::exists(folder_ / name)) continue;
      // Llama's tokenizer puts <s> before a text unless the folder says otherwise; T5's puts </s> behind it.
      const Json& kind = at(settings_, "tokenizer_class");
      const bool t5 = kind.is_string() && kind.get<std::string>().starts_with("T5");
      const SentencePieceOptions options{.bos = flag("add_bos_token", !t5),
                                         .eos = flag("add_eos_token", t5),
                                         .prefix_first = !flag("legacy", true)};
      return with_added(load_sentencepiece(folder_ / name, options, limits_));
    }
    throw DataError(folder_.string(), "",
                    fmt::format("has no tokenizer (looked for tokenizer.json, {})",
                                fmt::join(kSentencePieceNames, ", ")));
  }

  /// Classes of Llama's kind follow add_bos_token and not the template in tokenizer.json.
  Tokenizer framed(Tokenizer tokenizer) const {
    const Json& kind = at(settings_, "tokenizer_class");
    const bool llama = kind.is_string() && kind.get<std::string>().starts_with("Llama");
    if (!llama || !settings_.contains("add_bos_token")) return tokenizer;
    TokenizerParts parts = tokenizer.parts();
    const auto around = [&](const char* key, const char* name, std::vector<int64_t>& ids) {
      ids.clear();
      if (!flag(key, false)) return;
      const auto content = content_of(at(settings_, name));
      const auto id = content ? tokenizer.id_of(*content) : std::nullopt;
      if (!id) fail("tokenizer_config.json", fmt::format("'{}' is true and '{}' is no token", key, name));
      ids.push_back(*id);
    };
    around("add_bos_token", "bos_token", parts.prefix);
    around("add_eos_token", "eos_token", parts.suffix);
    return Tokenizer(std::move(parts));
  }

  /// A .model file knows nothing of the tokens that were added to it later.
  Tokenizer with_added(Tokenizer tokenizer) const {
    TokenizerParts parts = tokenizer.parts();
    const auto add = [&](const char* file, int64_t id, const std::string& content, const Json& flags) {
      if (id < 0 || id >= static_cast<int64_t>(limits_.tokens) || content.empty())
        fail(file, fmt::format("the added token '{}' has the id {}", content, id));
      for (const auto& token : parts.added)
        if (token.id == id) return;
      AddedToken token;
      token.id = id;
      token.content = content;
      const auto is = [&](const char* key, bool otherwise) {
        const auto found = flags.find(key);
        return found != flags.end() && found->is_boolean() ? found->get<bool>() : otherwise;
      };
      token.special = is("special", true);
      token.single_word = is("single_word", false);
      token.lstrip = is("lstrip", false);
      token.rstrip = is("rstrip", false);
      token.normalized = is("normalized", false);
      parts.added.push_back(std::move(token));
    };
    const Json& decoder = at(settings_, "added_tokens_decoder");
    if (!decoder.is_null() && !decoder.is_object())
      fail("tokenizer_config.json", "'added_tokens_decoder' is no JSON object");
    for (const auto& [id, token] : decoder.items()) {
      const auto content = content_of(token);
      if (!content || !token.is_object() || id.empty() || id.size() > 9 ||
          id.find_first_not_of("0123456789") != id.npos)
        fail("tokenizer_config.json", fmt::format("'added_tokens_decoder' has no token at '{}'", id));
      add("tokenizer_config.json", std::stoll(id), *content, token);
    }
    const Json later = object("added_tokens.json");
    for (const auto& [content, id] : later.items()) {
      if (!id.is_number_integer())
        fail("added_tokens.json", fmt::format("'{}' has no whole number", content));
      add("added_tokens.json", id.get<int64_t>(), content, Json::object());
    }
    return Tokenizer(std::move(parts));
  }

  Json special_tokens() const {
    Json special = Json::object();
    const Json map = object("special_tokens_map.json");
    for (const Json* source : {&map, &settings_})
      for (const auto& [key, value] : source->items())
        if (const auto content = content_of(value); content && key.ends_with("_token"))
          special[key] = *content;
    return special;
  }

  std::optional<ChatTemplate> chat() const {
    if (const auto path = folder_ / "chat_template.jinja"; fs::exists(path))
      return ChatTemplate(read_file(path, ChatTemplate::Limits().source_bytes), path.string());
    const Json beside = object("chat_template.json");
    const bool own = beside.contains("chat_template");
    const char* file = own ? "chat_template.json" : "tokenizer_config.json";
    Json source = own ? beside["chat_template"] : at(settings_, "chat_template");
    if (source.is_array()) {  // several by name
      Json chosen;
      for (const auto& entry : source)
        if (entry.is_object() && at(entry, "name") == "default") chosen = at(entry, "template");
      if (chosen.is_null()) fail(file, "none of the chat templates is called 'default'");
      source = chosen;
    }
    if (source.is_null()) return std::nullopt;
    if (!source.is_string()) fail(file, "'chat_template' is no string");
    return ChatTemplate(source.get<std::string>(), (folder_ / file).string() + ": chat_template");
  }

  std::vector<int64_t> stop_ids(const PublishedText& text) const {
    std::vector<int64_t> ids;
    const auto add = [&](const Json& id) {
      if (id.is_number_integer() && std::find(ids.begin(), ids.end(), id.get<int64_t>()) == ids.end())
        ids.push_back(id.get<int64_t>());
    };
    for (const char* file : {"generation_config.json", "config.json"}) {
      const Json settings = object(file);
      const Json& eos = at(settings, "eos_token_id");
      if (eos.is_array())
        for (const auto& id : eos) add(id);
      else
        add(eos);
    }
    if (const auto eos = content_of(at(text.special, "eos_token")))
      if (const auto id = text.tokenizer.id_of(*eos)) add(*id);
    return ids;
  }

  const fs::path& folder_;
  const TokenizerLimits& limits_;
  Json settings_;
};

}  // namespace

std::string PublishedText::conversation(const Json& messages) const {
  require<UsageError>(chat.has_value(),
                      "the folder has no chat template (looked for chat_template.jinja, chat_template.json, "
                      "'chat_template' in tokenizer_config.json)");
  Json variables = special;
  variables["messages"] = messages;
  variables["add_generation_prompt"] = true;
  return chat->render(variables);
}

PublishedText read_published_text(const fs::path& folder, const TokenizerLimits& limits) {
  return FolderReader(folder, limits).read();
}

}  // namespace conclave
