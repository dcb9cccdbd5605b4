/// Decoding token by token: greedy or sampled.
#pragma once

#include <functional>

#include "framework/generate/language_model.h"
#include "framework/generate/sampling.h"

namespace conclave {

struct GenerateOptions {
  Sampling sampling = {};
  int64_t max_tokens = 32;
  std::vector<int64_t> stop = {};  ///< a sequence ends after any of these; the stop token itself is left out
  uint64_t seed = 0;
  /// Names of the sequences' random streams, so that a sample does not depend on what else is in its batch;
  /// empty: the row numbers.
  std::vector<uint64_t> streams = {};
  /// Called for each token as it comes; false ends that sequence.
  std::function<bool(int64_t row, int64_t token, double log_prob)> on_token = {};
  /// May change the logits of a row before a token is chosen (constraints); sees the tokens so far.
  std::function<void(int64_t row, std::span<const int64_t> tokens, std::span<float> logits)> edit = {};
};

struct Generated {
  std::vector<int64_t> tokens;
  std::vector<double> log_probs;  ///< under the model, before penalties and sampling; one per token
  double log_prob = 0;            ///< of the whole, the stop token counted
  enum class End { length, stop, caller } end = End::length;
};

/// One result per row of `prompt`. Throws UsageError on wrong options.
std::vector<Generated> generate(LanguageModel& model, const Prompt& prompt, const GenerateOptions& options);

}  // namespace conclave
