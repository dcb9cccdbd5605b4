/// What a published model folder says about text: its tokenizer, its chat template, where answers end.
#pragma once

#include <filesystem>
#include <optional>

#include "framework/text/chat_template.h"
#include "framework/text/tokenizer.h"

namespace conclave {

struct PublishedText {
  Tokenizer tokenizer;
  std::optional<ChatTemplate> chat;
  Json special = Json::object();   ///< "bos_token": "<s>", ...: what templates call the special tokens
  std::vector<int64_t> stop = {};  ///< ids that end an answer

  /// The text of a conversation [{"role", "content"}, ...], ready for the next answer. Throws UsageError when
  /// the folder has no template and DataError when the template refuses the messages.
  std::string conversation(const Json& messages) const;
};

/// Reads tokenizer.json, or SentencePiece's tokenizer.model or its other usual names, and what
/// tokenizer_config.json, special_tokens_map.json, added_tokens.json, generation_config.json, config.json and
/// chat_template.jinja or .json add. Throws DataError that names the file and the key.
PublishedText read_published_text(const std::filesystem::path& folder, const TokenizerLimits& limits = {});

}  // namespace conclave
