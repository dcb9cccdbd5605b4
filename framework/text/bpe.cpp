#include "framework/text/bpe.h"

#include <algorithm>
#include <queue>

#include "framework/base/error.h"
#include "framework/text/byte_alphabet.h"
#include "framework/text/utf8.h"

namespace conclave {
namespace {

/// A part of the piece that is being merged; a list in place of the text.
struct Symbol {
  int64_t id;
  int32_t previous, next;  // -1 at the ends
};

/// A merge that was possible when it was queued: the lowest rank first, then the leftmost.
struct QueuedMerge {
  int64_t rank;
  int32_t at;
  int64_t left, right, merged;
  bool operator>(const QueuedMerge& other) const {
    return rank != other.rank ? rank > other.rank : at > other.at;
  }
};

}  // namespace

Bpe::Bpe(std::vector<std::string> tokens, Merges merges, Options options)
    : Vocabulary(std::move(tokens)), merges_(std::move(merges)), options_(std::move(options)) {
  find_symbols();
  merge_of_.reserve(merges_.size());
  for (size_t rank = 0; rank < merges_.size(); ++rank) {
    const auto& [left, right] = merges_[rank];
    const auto l = id_of(left), r = id_of(right), whole = id_of(left + right);
    require<UsageError>(l && r && whole, "merge {} ('{}' with '{}'): '{}' is not in the vocabulary", rank,
                        left, right,
                        !l   ? left
                        : !r ? right
                             : left + right);
    merge_of_[{*l, *r}] = {static_cast<int64_t>(rank), *whole};
  }
}

Bpe::Bpe(std::vector<std::string> tokens, const std::vector<std::optional<float>>& scores, Options options)
    : Vocabulary(std::move(tokens)), options_(std::move(options)) {
  find_symbols();
  std::vector<int64_t> order;
  for (size_t id = 0; id < scores.size(); ++id)
    if (scores[id]) order.push_back(static_cast<int64_t>(id));
  const auto score = [&](int64_t id) { return *scores[static_cast<size_t>(id)]; };
  std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) { return score(a) > score(b); });
  // Every way to cut a token in two leads to it, at the rank of its score.
  int64_t rank = -1;
  for (size_t i = 0; i < order.size(); ++i) {
    if (i == 0 || score(order[i]) != score(order[i - 1])) ++rank;
    const std::string& whole = spelled(order[i]);
    for (size_t at = next_utf8(whole, 0).length; at < whole.size(); at += next_utf8(whole, at).length) {
      const auto l = id_of(whole.substr(0, at)), r = id_of(whole.substr(at));
      const auto known = [&](const std::optional<int64_t>& part) {
        return part && scores[static_cast<size_t>(*part)];
      };
      if (!known(l) || !known(r)) continue;
      merges_.emplace_back(spelled(*l), spelled(*r));
      merge_of_[{*l, *r}] = {rank, order[i]};
    }
  }
}

void Bpe::find_symbols() {
  if (options_.characters) {
    byte_ids_ = byte_piece_ids(*this);
  } else {
    for (size_t byte = 0; byte < byte_ids_.size(); ++byte)
      byte_ids_[byte] = id_of(to_byte_alphabet(std::string(1, static_cast<char>(byte)))).value_or(-1);
  }
  if (options_.unknown.empty()) return;
  const auto id = id_of(options_.unknown);
  require<UsageError>(id.has_value(), "unk_token '{}' is not in the vocabulary", options_.unknown);
  unknown_id_ = *id;
}

const Bpe::Merge* Bpe::find_merge(int64_t left, int64_t right) const {
  const auto found = merge_of_.find({left, right});
  return found == merge_of_.end() ? nullptr : &found->second;
}

std::vector<int64_t> Bpe::byte_symbols(std::string_view piece) const {
  std::vector<int64_t> symbols;
  symbols.reserve(piece.size());
  for (const char byte : piece) {
    int64_t id = byte_ids_[static_cast<uint8_t>(byte)];
    if (id < 0) id = unknown_id_;
    require(id >= 0, "the vocabulary has no token for byte 0x{:02x} and no unk_token",
            static_cast<uint8_t>(byte));
    symbols.push_back(id);
  }
  return symbols;
}

std::vector<int64_t> Bpe::character_symbols(std::string_view piece) const {
  std::vector<int64_t> symbols;
  symbols.reserve(piece.size());
  bool behind_unknown = false;
  for (size_t at = 0; at < piece.size();) {
    const auto character = piece.substr(at, next_utf8(piece, at).length);
    at += character.size();
    if (const auto id = id_of(std::string(character))) {
      symbols.push_back(*id);
      behind_unknown = false;
      continue;
    }
    if (options_.byte_fallback && append_byte_pieces(byte_ids_, character, symbols)) {
      behind_unknown = false;
      continue;
    }
    require(unknown_id_ >= 0, "the vocabulary has no token for '{}' and no unk_token", character);
    if (!behind_unknown || !options_.fuse_unknown) symbols.push_back(unknown_id_);
    behind_unknown = true;
  }
  return symbols;
}

void Bpe::encode(std::string_view piece, std::vector<int64_t>& ids) const {
  if (options_.ignore_merges) {
    if (const auto whole = id_of(options_.characters ? std::string(piece) : to_byte_alphabet(piece))) {
      ids.push_back(*whole);
      return;
    }
  }
  std::vector<Symbol> symbols;
  for (const int64_t id : options_.characters ? character_symbols(piece) : byte_symbols(piece)) {
    const auto at = static_cast<int32_t>(symbols.size());
    symbols.push_back({id, at - 1, at + 1});
  }
  if (symbols.empty()) return;
  symbols.back().next = -1;

  std::priority_queue<QueuedMerge, std::vector<QueuedMerge>, std::greater<>> queue;
  const auto consider = [&](int32_t at) {
    if (at < 0 || symbols[at].next < 0) return;
    const int64_t left = symbols[at].id, right = symbols[symbols[at].next].id;
    if (const Merge* merge = find_merge(left, right)) queue.push({merge->rank, at, left, right, merge->id});
  };
  for (int32_t at = 0; at < static_cast<int32_t>(symbols.size()); ++at) consider(at);
  while (!queue.empty()) {
    const QueuedMerge best = queue.top();
    queue.pop();
    Symbol& symbol = symbols[best.at];
    // Stale when either part was merged away since: a merged part has another id, an eaten one has -1.
    if (symbol.id != best.left || symbol.next < 0 || symbols[symbol.next].id != best.right) continue;
    const int32_t eaten = symbol.next;
    symbol.id = best.merged;
    symbol.next = symbols[eaten].next;
    symbols[eaten].id = -1;
    if (symbol.next >= 0) symbols[symbol.next].previous = best.at;
    consider(symbol.previous);
    consider(best.at);
  }
  for (int32_t at = 0; at >= 0; at = symbols[at].next) ids.push_back(symbols[at].id);
}

}  // namespace conclave
