/// Beam search: the most probable continuations.
#pragma once

#include "framework/generate/language_model.h"

namespace conclave {

struct BeamOptions {
  int64_t beams = 4;
  int64_t max_tokens = 32;
  std::vector<int64_t> stop = {};
  double length_penalty = 0;  ///< ranks by log-probability / length^penalty; 0 ranks by probability alone
};

struct Beam {
  std::vector<int64_t> tokens;  ///< without the stop token
  double log_prob = 0;          ///< of the whole, the stop token counted
  double score = 0;             ///< what it was ranked by
  bool stopped = false;         ///< false: cut at max_tokens
};

/// For each row of `prompt`, up to `beams` continuations, the best first (ties: the earlier beam, then the
/// lower token). Ends as soon as no open beam can still enter the list. Throws UsageError.
std::vector<std::vector<Beam>> beam_search(LanguageModel& model, const Prompt& prompt,
                                           const BeamOptions& options);

}  // namespace conclave
