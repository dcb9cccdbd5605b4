/// The unigram language model (Kudo 2018): the cut of a text whose tokens are most probable together.
#pragma once

#include "framework/text/vocabulary.h"

namespace conclave {

/// Immutable, safe to share between threads.
class Unigram : public Vocabulary {
 public:
  struct Options {
    int64_t unknown = -1;        ///< id for characters that no token covers; -1 = such a one is an error
    bool byte_fallback = false;  ///< such characters become their bytes, "<0x0A>"
    bool single = false;         ///< sums in single precision, as SentencePiece does: ties fall the same way
  };

  Unigram() = default;
  /// Log-probabilities at their ids; a token without one is never taken for text. Throws UsageError.
  Unigram(std::vector<std::string> tokens, std::vector<std::optional<double>> scores, Options options);

  /// Appends the ids of one piece; unknown characters side by side become one token (or all their bytes).
  void encode(std::string_view piece, std::vector<int64_t>& ids) const;

  const std::vector<std::optional<double>>& scores() const { return scores_; }
  const Options& options() const { return options_; }

 private:
  template <class Real>
  void best_cut(std::string_view piece, std::vector<int64_t>& ids) const;

  std::vector<std::optional<double>> scores_;
  std::vector<int64_t> sorted_;      // ids of the tokens that have a score, by spelling
  std::array<size_t, 257> first_{};  // where those begin that begin with a byte
  ByteIds byte_ids_ = {};
  double unknown_score_ = 0;
  Options options_;
};

}  // namespace conclave
