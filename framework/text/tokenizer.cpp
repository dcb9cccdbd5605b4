#include "framework/text/tokenizer.h"

#include <algorithm>

#include "framework/base/error.h"
#include "framework/base/file.h"
#include "framework/text/utf8.h"

namespace conclave {

Tokenizer::Tokenizer(TokenizerParts parts) : parts_(std::move(parts)), size_(parts_.vocabulary().size()) {
  std::vector<AddedToken> raw[2], normalized[2];
  for (const auto& token : parts_.added) {
    added_by_content_[token.content] = token.id;
    size_ = std::max(size_, token.id + 1);
    auto searched = token;
    if (token.normalized) searched.content = parts_.normalizer.apply(token.content);
    added_by_id_[token.id] = {token, searched.content};
    auto& lists = token.normalized ? normalized : raw;
    lists[1].push_back(searched);
    if (!token.special) lists[0].push_back(searched);
  }
  for (int special : {0, 1}) {
    raw_finder_[special] = AddedTokenFinder(raw[special]);
    normalized_finder_[special] = AddedTokenFinder(normalized[special]);
  }
}

std::vector<int64_t> Tokenizer::encode(std::string_view text, EncodeOptions options) const {
  std::vector<int64_t> ids;
  if (options.add_special) ids = parts_.prefix;
  const std::string valid = replace_broken_utf8(text);

  // Added tokens are taken out first; between them the text is normalised, searched again and cut.
  const auto around = [&ids](const AddedTokenFinder& finder, std::string_view whole, bool at_start,
                             const auto& encode_section) {
    size_t at = 0;
    for (const auto& match : finder.find_all(whole)) {
      encode_section(whole.substr(at, match.begin - at), at_start && at == 0);
      ids.push_back(match.id);
      at = match.end;
    }
    encode_section(whole.substr(at), at_start && at == 0);
  };
  around(raw_finder_[options.parse_special], valid, true, [&](std::string_view section, bool at_start) {
    around(normalized_finder_[options.parse_special], parts_.normalizer.apply(section), at_start,
           [&](std::string_view part, bool first) {
             for (const auto& piece : parts_.pre_tokenizer.split(part, first))
               std::visit([&](const auto& model) { model.encode(piece, ids); }, parts_.model);
           });
  });

  if (options.add_special) ids.insert(ids.end(), parts_.suffix.begin(), parts_.suffix.end());
  return ids;
}

bool Tokenizer::has(int64_t id) const {
  const auto& vocabulary = parts_.vocabulary();
  return added_by_id_.contains(id) || (id >= 0 && id < vocabulary.size() && !vocabulary.spelled(id).empty());
}

std::string Tokenizer::bytes(int64_t id, bool first) const {
  require<UsageError>(has(id), "token id {} is not in the vocabulary (ids are below {})", id, size_);
  const auto added = added_by_id_.find(id);
  if (added == added_by_id_.end()) return parts_.decoder.bytes_of(parts_.vocabulary().spelled(id), first);
  const auto& [token, searched] = added->second;
  return parts_.decoder.spells_added() ? parts_.decoder.bytes_of(searched, first) : token.content;
}

bool Tokenizer::is_special(int64_t id) const {
  const auto added = added_by_id_.find(id);
  return added != added_by_id_.end() && added->second.token.special;
}

std::optional<int64_t> Tokenizer::id_of(const std::string& token) const {
  const auto added = added_by_content_.find(token);
  if (added != added_by_content_.end()) return added->second;
  return parts_.vocabulary().id_of(token);
}

std::string Tokenizer::decode_bytes(const std::vector<int64_t>& ids, bool skip_special) const {
  std::string result;
  bool first = true;
  for (const int64_t id : ids) {
    if (skip_special && is_special(id)) continue;
    result += bytes(id, first);
    first = false;
  }
  return result;
}

std::string Tokenizer::decode(const std::vector<int64_t>& ids, bool skip_special) const {
  return replace_broken_utf8(decode_bytes(ids, skip_special));
}

Tokenizer Tokenizer::load(const std::filesystem::path& path, const TokenizerLimits& limits) {
  return parse(read_file(path, limits.file_bytes), path.string(), limits);
}

void Tokenizer::save(const std::filesystem::path& path) const {
  write_file(path, to_json());
}

std::string StreamDecoder::push(int64_t id) {
  if (skip_special_ && tokenizer_->is_special(id)) return {};
  pending_ += tokenizer_->bytes(id, first_);
  first_ = false;
  // Only the last character can be cut; look for a place where one begins that ends too early.
  size_t whole = pending_.size();
  for (size_t back = 1; back <= 3 && back <= pending_.size(); ++back) {
    const size_t at = pending_.size() - back;
    const auto step = next_utf8(pending_, at);
    if (step.kind == Utf8Step::kIncomplete && at + step.length == pending_.size()) whole = at;
  }
  const std::string ready = replace_broken_utf8(std::string_view(pending_).substr(0, whole));
  pending_.erase(0, whole);
  return ready;
}

std::string StreamDecoder::finish() {
  const std::string rest = replace_broken_utf8(pending_);
  pending_.clear();
  return rest;
}

}  // namespace conclave
