#include "framework/text/bpe.h"

#include <queue>

#include "framework/base/error.h"
#include "framework/text/byte_alphabet.h"

namespace conclave {
namespace {

/// A part of the piece that is being merged; a list in place of the text.
struct Symbol {
  int64_t id;
  int32_t previous, next;  // -1 at the ends
};

/// A merge that was possible when it was queued: the lowest rank first, then the leftmost.
struct Candidate {
  int64_t rank;
  int32_t at;
  int64_t left, right, merged;
  bool operator>(const Candidate& other) const {
    return rank != other.rank ? rank > other.rank : at > other.at;
  }
};

}  // namespace

Bpe::Bpe(std::vector<std::string> tokens, std::vector<std::pair<std::string, std::string>> merges,
         Options options)
    : tokens_(std::move(tokens)), merges_(std::move(merges)), options_(std::move(options)) {
  for (size_t id = 0; id < tokens_.size(); ++id) {
    bytes_.push_back(from_byte_alphabet(tokens_[id]).value_or(tokens_[id]));
    if (tokens_[id].empty()) continue;
    const auto [at, fresh] = id_of_.emplace(tokens_[id], static_cast<int64_t>(id));
    require<UsageError>(fresh, "vocabulary: '{}' has the ids {} and {}", tokens_[id], at->second, id);
  }
  for (int byte = 0; byte < 256; ++byte)
    byte_id_[byte] = id_of(to_byte_alphabet(std::string(1, static_cast<char>(byte)))).value_or(-1);
  if (!options_.unknown.empty()) {
    const auto id = id_of(options_.unknown);
    require<UsageError>(id.has_value(), "unk_token '{}' is not in the vocabulary", options_.unknown);
    unknown_id_ = *id;
  }
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

std::optional<int64_t> Bpe::id_of(const std::string& spelled) const {
  const auto found = id_of_.find(spelled);
  if (found == id_of_.end()) return std::nullopt;
  return found->second;
}

const Bpe::Merge* Bpe::find_merge(int64_t left, int64_t right) const {
  const auto found = merge_of_.find({left, right});
  return found == merge_of_.end() ? nullptr : &found->second;
}

void Bpe::encode(std::string_view piece, std::vector<int64_t>& ids) const {
  if (options_.ignore_merges) {
    if (const auto whole = id_of(to_byte_alphabet(piece))) {
      ids.push_back(*whole);
      return;
    }
  }
  std::vector<Symbol> symbols;
  symbols.reserve(piece.size());
  for (const char byte : piece) {
    int64_t id = byte_id_[static_cast<uint8_t>(byte)];
    if (id < 0) id = unknown_id_;
    require(id >= 0, "the vocabulary has no token for byte 0x{:02x} and no unk_token",
            static_cast<uint8_t>(byte));
    const auto at = static_cast<int32_t>(symbols.size());
    symbols.push_back({id, at - 1, at + 1});
  }
  if (symbols.empty()) return;
  symbols.back().next = -1;

  std::priority_queue<Candidate, std::vector<Candidate>, std::greater<>> queue;
  const auto consider = [&](int32_t at) {
    if (at < 0 || symbols[at].next < 0) return;
    const int64_t left = symbols[at].id, right = symbols[symbols[at].next].id;
    if (const Merge* merge = find_merge(left, right)) queue.push({merge->rank, at, left, right, merge->id});
  };
  for (int32_t at = 0; at < static_cast<int32_t>(symbols.size()); ++at) consider(at);
  while (!queue.empty()) {
    const Candidate best = queue.top();
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
