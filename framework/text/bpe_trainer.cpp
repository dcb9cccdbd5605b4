#include "framework/text/bpe_trainer.h"

#include <algorithm>
#include <queue>

#include "framework/base/error.h"
#include "framework/text/byte_alphabet.h"

namespace conclave {
namespace {

using Pair = std::pair<int32_t, int32_t>;

struct PairHash {
  size_t operator()(const Pair& pair) const {
    return static_cast<size_t>(
        (static_cast<uint64_t>(pair.first) << 32 | static_cast<uint32_t>(pair.second)) *
            0x9e3779b97f4a7c15ull >>
        13);
  }
};

struct Word {
  std::vector<int32_t> ids;
  int64_t count;
};

/// A pair and the words where it may stand. The count may be out of date when it is taken from the queue.
struct QueuedPair {
  Pair pair;
  int64_t count;
  std::vector<uint32_t> words;
  bool operator<(const QueuedPair& other) const {
    return count != other.count ? count < other.count : pair > other.pair;
  }
};

/// Counts of neighbouring pairs over all words, kept up to date while pairs are merged.
class PairTable {
 public:
  explicit PairTable(std::vector<Word> words) : words_(std::move(words)) {
    for (uint32_t w = 0; w < words_.size(); ++w)
      for (size_t i = 0; i + 1 < words_[w].ids.size(); ++i)
        change({words_[w].ids[i], words_[w].ids[i + 1]}, w, words_[w].count);
    queue_changed();
  }

  /// The most frequent pair, removed from the queue; count 0 when there is none.
  QueuedPair pop() {
    while (!queue_.empty()) {
      QueuedPair top = std::move(const_cast<QueuedPair&>(queue_.top()));
      queue_.pop();
      const int64_t now = counts_[top.pair];
      if (top.count == now) return top;
      top.count = now;
      queue_.push(std::move(top));
    }
    return {};
  }

  void merge(const QueuedPair& candidate, int32_t merged) {
    for (const uint32_t w : candidate.words) merge_in(w, candidate.pair, merged);
    queue_changed();
  }

 private:
  void merge_in(uint32_t w, const Pair& pair, int32_t merged) {
    auto& ids = words_[w].ids;
    const int64_t count = words_[w].count;
    for (size_t i = 0; i + 1 < ids.size(); ++i) {
      if (ids[i] != pair.first || ids[i + 1] != pair.second) continue;
      if (i > 0) {
        change({ids[i - 1], pair.first}, w, -count);
        change({ids[i - 1], merged}, w, count);
      }
      if (i + 2 < ids.size()) {
        change({pair.second, ids[i + 2]}, w, -count);
        change({merged, ids[i + 2]}, w, count);
      }
      ids[i] = merged;
      ids.erase(ids.begin() + static_cast<ptrdiff_t>(i) + 1);
    }
  }

  void change(const Pair& pair, uint32_t word, int64_t by) {
    counts_[pair] += by;
    if (by <= 0) return;
    auto& words = grown_[pair];
    if (words.empty() || words.back() != word) words.push_back(word);
  }

  /// Words come in rising order from the table and from a candidate, so each list is sorted and free of
  /// doubles.
  void queue_changed() {
    for (auto& [pair, words] : grown_)
      if (const int64_t count = counts_[pair]; count > 0) queue_.push({pair, count, std::move(words)});
    grown_.clear();
  }

  std::vector<Word> words_;
  std::unordered_map<Pair, int64_t, PairHash> counts_;
  std::unordered_map<Pair, std::vector<uint32_t>, PairHash> grown_;
  std::priority_queue<QueuedPair> queue_;
};

}  // namespace

BpeTrainer::BpeTrainer(BpeTrainerOptions options) : options_(std::move(options)) {
  const auto smallest = static_cast<int64_t>(256 + options_.special_tokens.size());
  require<UsageError>(options_.vocab_size >= smallest && options_.vocab_size <= (1 << 20),
                      "vocab_size = {}: allowed are {} (256 bytes and the special tokens) to {}",
                      options_.vocab_size, smallest, 1 << 20);
  require<UsageError>(options_.min_frequency >= 1, "min_frequency = {}: at least 1", options_.min_frequency);
  if (options_.steps.empty()) {
    SplitStep step;
    step.use_regex = true;
    options_.steps.push_back(step);
  }
  require<UsageError>(options_.steps.back().kind == SplitStep::Kind::kByteLevel,
                      "the last step of the pre-tokenizer must be ByteLevel");
  pre_tokenizer_ = PreTokenizer(options_.steps);
  normalizer_ = Normalizer(options_.normalizer);
}

void BpeTrainer::add(std::string_view text) {
  for (auto& piece : pre_tokenizer_.split(normalizer_.apply(replace_broken_utf8(text))))
    ++piece_counts_[std::move(piece)];
}

Tokenizer BpeTrainer::train() const {
  std::vector<std::string> tokens;
  std::unordered_map<std::string, int32_t> id_of;
  const auto token = [&](const std::string& spelled) {
    const auto [at, fresh] = id_of.emplace(spelled, static_cast<int32_t>(tokens.size()));
    if (fresh) tokens.push_back(spelled);
    return at->second;
  };
  TokenizerParts parts;
  for (const auto& special : options_.special_tokens) {
    AddedToken added;
    added.id = token(special);
    added.content = special;
    parts.added.push_back(added);
  }
  auto alphabet = byte_alphabet();
  std::sort(alphabet.begin(), alphabet.end());
  for (const char32_t character : alphabet) {
    std::string spelled;
    append_utf8(spelled, character);
    token(spelled);
  }

  std::vector<Word> words;
  words.reserve(piece_counts_.size());
  for (const auto& [piece, count] : piece_counts_) {
    Word word{{}, count};
    for (const char byte : piece) word.ids.push_back(token(to_byte_alphabet(std::string_view(&byte, 1))));
    words.push_back(std::move(word));
  }
  PairTable table(std::move(words));
  std::vector<std::pair<std::string, std::string>> merges;
  while (static_cast<int64_t>(tokens.size()) < options_.vocab_size) {
    const QueuedPair best = table.pop();
    if (best.count < options_.min_frequency) break;
    const std::string left = tokens[best.pair.first], right = tokens[best.pair.second];
    merges.emplace_back(left, right);
    table.merge(best, token(left + right));
  }

  parts.normalizer = normalizer_;
  parts.pre_tokenizer = pre_tokenizer_;
  parts.model = Bpe(std::move(tokens), std::move(merges), {});
  return Tokenizer(std::move(parts));
}

}  // namespace conclave
