// The "model" of a tokenizer.json: {"type": "BPE", "vocab": {token: id}, "merges": ["a b"] or [["a", "b"]]}
// or
// {"type": "Unigram", "vocab": [[token, log-probability]], "unk_id"}.
#include "framework/text/tokenizer_fields.h"

namespace conclave {
namespace {

using Tree = TokenizerTree;
const std::string kWhere = "model";

void check_token(const TokenizerFields& file, const std::string& token, size_t id) {
  if (token.empty() || token.size() > file.limits().token_bytes)
    file.fail(kWhere, fmt::format("token {} is {} bytes long (allowed: 1 to {})", id, token.size(),
                                  file.limits().token_bytes));
}

void check_count(const TokenizerFields& file, size_t tokens) {
  if (tokens > file.limits().tokens)
    file.fail(kWhere, fmt::format("{} tokens: the limit is {}", tokens, file.limits().tokens));
}

std::vector<std::string> read_vocabulary(const TokenizerFields& file, const Tree& vocab) {
  if (!vocab.is_object() || vocab.empty())
    file.fail(kWhere, "'vocab' is missing, empty or not a JSON object");
  check_count(file, vocab.size());
  std::vector<std::string> tokens;
  for (const auto& [token, value] : vocab.items()) {
    const auto at = static_cast<size_t>(file.id(value, kWhere));
    check_token(file, token, at);
    if (at >= tokens.size()) tokens.resize(at + 1);
    if (!tokens[at].empty())
      file.fail(kWhere, fmt::format("id {} is both '{}' and '{}'", at, tokens[at], token));
    tokens[at] = token;
  }
  return tokens;
}

Bpe::Merges read_merges(const TokenizerFields& file, const Tree& list) {
  if (!list.is_array()) file.fail(kWhere, "'merges' is missing or not a list");
  if (list.size() > file.limits().merges)
    file.fail(kWhere, fmt::format("{} merges: the limit is {}", list.size(), file.limits().merges));
  Bpe::Merges merges;
  merges.reserve(list.size());
  for (const auto& item : list) {
    if (item.is_string()) {
      const auto both = item.get<std::string>();
      const auto space = both.find(' ');
      if (space == both.npos || both.find(' ', space + 1) != both.npos)
        file.fail(kWhere,
                  fmt::format("merge {} is not two tokens with a space between: '{}'", merges.size(), both));
      merges.emplace_back(both.substr(0, space), both.substr(space + 1));
    } else if (item.is_array() && item.size() == 2 && item[0].is_string() && item[1].is_string()) {
      merges.emplace_back(item[0].get<std::string>(), item[1].get<std::string>());
    } else {
      file.fail(kWhere, fmt::format("merge {} is not a pair of tokens", merges.size()));
    }
  }
  return merges;
}

Bpe read_bpe(const TokenizerFields& file, const Tree& model, bool byte_level) {
  for (const char* key : {"continuing_subword_prefix", "end_of_word_suffix"})
    if (const Tree& v = file.child(model, key); !v.is_null() && v != "")
      file.fail(kWhere, fmt::format("'{}' is {}: not supported", key, v.dump()));
  if (const Tree& v = file.child(model, "dropout"); !v.is_null() && v != 0)
    file.fail(kWhere, fmt::format("'dropout' is {}: encoding must be deterministic", v.dump()));
  Bpe::Options options;
  options.characters = !byte_level;
  options.byte_fallback = file.flag(model, "byte_fallback", false, kWhere);
  options.fuse_unknown = file.flag(model, "fuse_unk", false, kWhere);
  if (byte_level && (options.byte_fallback || options.fuse_unknown))
    file.fail(kWhere, fmt::format("'{}' is not supported in byte-level BPE",
                                  options.byte_fallback ? "byte_fallback" : "fuse_unk"));
  options.ignore_merges = file.flag(model, "ignore_merges", false, kWhere);
  if (!file.child(model, "unk_token").is_null()) options.unknown = file.text(model, "unk_token", kWhere);
  auto tokens = read_vocabulary(file, file.child(model, "vocab"));
  auto merges = read_merges(file, file.child(model, "merges"));
  return file.build<Bpe>(kWhere, std::move(tokens), std::move(merges), std::move(options));
}

Unigram read_unigram(const TokenizerFields& file, const Tree& model, bool byte_level) {
  if (byte_level) file.fail(kWhere, "Unigram behind a ByteLevel pre-tokenizer is not supported");
  const Tree& vocab = file.child(model, "vocab");
  if (!vocab.is_array() || vocab.empty()) file.fail(kWhere, "'vocab' is missing, empty or not a list");
  check_count(file, vocab.size());
  std::vector<std::string> tokens;
  std::vector<std::optional<double>> scores;
  for (const auto& item : vocab) {
    if (!item.is_array() || item.size() != 2 || !item[0].is_string() || !item[1].is_number())
      file.fail(kWhere, fmt::format("token {} is not a pair of text and score", tokens.size()));
    tokens.push_back(item[0].get<std::string>());
    check_token(file, tokens.back(), tokens.size() - 1);
    scores.emplace_back(item[1].get<double>());
  }
  Unigram::Options options;
  if (const Tree& unknown = file.child(model, "unk_id"); !unknown.is_null())
    options.unknown = file.id(unknown, kWhere);
  options.byte_fallback = file.flag(model, "byte_fallback", false, kWhere);
  return file.build<Unigram>(kWhere, std::move(tokens), std::move(scores), options);
}

}  // namespace

std::variant<Bpe, Unigram> read_token_model(const TokenizerFields& file, const Tree& model, bool byte_level) {
  if (!model.is_object()) file.fail(kWhere, "is missing or not a JSON object");
  const Tree& type = file.child(model, "type");  // the first files had none
  if (type == "Unigram") return read_unigram(file, model, byte_level);
  if (!type.is_null() && type != "BPE") file.unknown(kWhere, type.dump(), "BPE, Unigram");
  return read_bpe(file, model, byte_level);
}

}  // namespace conclave
