/// Learns a byte-level BPE vocabulary from texts. The result is the same on every run and machine, and the
/// same as Hugging Face's BpeTrainer gives with the byte alphabet as its initial alphabet.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "framework/text/tokenizer.h"

namespace conclave {

struct BpeTrainerOptions {
  int64_t vocab_size = 4096;  ///< with the special tokens and the 256 bytes; fewer if texts run out
  int64_t min_frequency = 2;  ///< a pair seen less often is not merged
  std::vector<std::string> special_tokens = {};  ///< get the ids 0, 1, ... in this order
  std::vector<SplitStep> steps = {};             ///< pre-tokenizer; empty = ByteLevel with GPT-2's pattern
  std::vector<NormalStep> normalizer = {};
};

class BpeTrainer {
 public:
  /// Throws UsageError when vocab_size has no room for the bytes and the special tokens.
  explicit BpeTrainer(BpeTrainerOptions options);

  /// Counts the pieces of one text.
  void add(std::string_view text);

  /// Merges the most frequent pair, ties to the lower ids, until the vocabulary is full.
  Tokenizer train() const;

 private:
  BpeTrainerOptions options_;
  Normalizer normalizer_;
  PreTokenizer pre_tokenizer_;
  std::unordered_map<std::string, int64_t> piece_counts_;
};

}  // namespace conclave
