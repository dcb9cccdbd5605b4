/// Speculative decoding (arXiv 2211.17192), greedy: a small model proposes, the large one reads several
/// tokens at once and keeps those that it would have chosen itself.
#pragma once

#include "framework/generate/generate.h"

namespace conclave {

/// What proposes.
struct Draft {
  LanguageModel& model;
  DecodeState state;  ///< has read what the prompt has
  int64_t ahead = 4;  ///< tokens that are proposed at a time
};

struct Speculated {
  Generated generated;
  int64_t proposed = 0, accepted = 0;
};

/// The tokens that generate() gives for a prompt of one row without sampling, but for ties within rounding:
/// tokens that are read together are summed in another order. Throws UsageError for a temperature, a
/// repetition penalty and several rows.
Speculated speculate(LanguageModel& model, const Prompt& prompt, Draft draft, const GenerateOptions& options);

}  // namespace conclave
