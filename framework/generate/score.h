/// How probable given answers are.
#pragma once

#include "framework/generate/language_model.h"

namespace conclave {

/// Log-probability of each answer after each prompt: float64 [N,A] on the CPU, summed over the answer's
/// tokens (give the stop token as its last one to score the answer as a whole). At most `max_rows` sequences
/// at a time. Throws Error on an empty answer.
Tensor score_answers(LanguageModel& model, const Prompt& prompt,
                     const std::vector<std::vector<int64_t>>& answers, int64_t max_rows = 256);

}  // namespace conclave
