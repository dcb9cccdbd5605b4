/// Text to token ids and back: BPE over bytes or characters and unigram models, in the Hugging Face
/// `tokenizer.json` layout.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include "framework/base/json.h"
#include "framework/text/added_tokens.h"
#include "framework/text/bpe.h"
#include "framework/text/normalizer.h"
#include "framework/text/pre_tokenizer.h"
#include "framework/text/token_decoder.h"
#include "framework/text/unigram.h"

namespace conclave {

/// Limits on outside files, checked before memory is taken.
struct TokenizerLimits {
  size_t file_bytes = size_t{128} << 20;
  size_t tokens = size_t{1} << 20;  ///< also the limit of an id
  size_t merges = size_t{1} << 21;
  size_t token_bytes = 1 << 14;
};

/// Everything a tokenizer consists of.
struct TokenizerParts {
  std::vector<AddedToken> added;
  Normalizer normalizer;
  PreTokenizer pre_tokenizer;
  std::variant<Bpe, Unigram> model;
  TokenDecoder decoder;
  std::vector<int64_t> prefix, suffix;  ///< ids around every text, from a TemplateProcessing
  Json post_processor;                  ///< as it was read, for writing it back

  const Vocabulary& vocabulary() const {
    return std::visit([](const auto& m) -> const Vocabulary& { return m; }, model);
  }
};

/// Immutable, safe to share between threads.
class Tokenizer {
 public:
  struct EncodeOptions {
    bool add_special = true;    ///< put the template's ids around the text
    bool parse_special = true;  ///< false: a special token in the text is just text, for outside input
  };

  explicit Tokenizer(TokenizerParts parts);
  /// Reads a tokenizer.json. Throws DataError; a component that is not known is named.
  static Tokenizer load(const std::filesystem::path& path, const TokenizerLimits& limits = {});
  /// The same from memory; `name` stands in the messages.
  static Tokenizer parse(std::string_view json, const std::string& name, const TokenizerLimits& limits = {});

  std::string to_json() const;
  void save(const std::filesystem::path& path) const;

  /// Broken UTF-8 is first replaced by U+FFFD. Throws Error when the vocabulary lacks a byte or character and
  /// has no unk_token.
  std::vector<int64_t> encode(std::string_view text) const { return encode(text, EncodeOptions()); }
  std::vector<int64_t> encode(std::string_view text, EncodeOptions options) const;

  /// The bytes of the tokens: over bytes and without a normalizer, decode_bytes(encode(x)) == x for any text.
  /// Throws UsageError for an id without token.
  std::string decode_bytes(const std::vector<int64_t>& ids, bool skip_special = true) const;
  /// The same with broken UTF-8 replaced by U+FFFD, as `tokenizers` has it.
  std::string decode(const std::vector<int64_t>& ids, bool skip_special = true) const;

  /// One more than the highest id: the rows an embedding needs.
  int64_t size() const { return size_; }
  /// Id of a token given as it is spelled in the file, or as an added token's content.
  std::optional<int64_t> id_of(const std::string& token) const;
  /// The bytes of one token, as the `first` of a text or behind others; UsageError for an id without token.
  std::string bytes(int64_t id, bool first = false) const;
  bool has(int64_t id) const;
  bool is_special(int64_t id) const;
  const TokenizerParts& parts() const { return parts_; }

 private:
  TokenizerParts parts_;
  // Looked for before and after normalisation; [1] knows the special tokens too.
  AddedTokenFinder raw_finder_[2], normalized_finder_[2];
  struct Added {
    AddedToken token;
    std::string searched;  // its content as the normalizer leaves it, which is how it is found and decoded
  };
  std::unordered_map<int64_t, Added> added_by_id_;
  std::unordered_map<std::string, int64_t> added_by_content_;
  int64_t size_ = 0;
};

/// Turns ids into text one by one and never gives out half a character. The tokenizer must outlive it.
class StreamDecoder {
 public:
  explicit StreamDecoder(const Tokenizer& tokenizer, bool skip_special = true)
      : tokenizer_(&tokenizer), skip_special_(skip_special) {}

  /// The text that is complete with this id; may be empty.
  std::string push(int64_t id);
  /// What is left at the end, a cut character as U+FFFD.
  std::string finish();

 private:
  const Tokenizer* tokenizer_;
  bool skip_special_;
  bool first_ = true;
  std::string pending_;
};

}  // namespace conclave
