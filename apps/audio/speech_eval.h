/// How well free text is understood.
#pragma once

#include "apps/audio/sound_eval.h"

namespace conclave {

/// Word error rate of the independent recogniser on the sentences of data/sentences.txt, one a line, each
/// said by every speaker of the model, by speaker and the mean; beside it flite's own voices of these names,
/// and those after the codec, where flite is installed. Throws UsageError for a model of single words and
/// without a recogniser.
int eval_speech(const SoundEvalOptions& options, Invocation& call);

/// Fewest words to put in, leave out or exchange (Levenshtein).
int64_t word_errors(const std::string& wanted, const std::string& heard);

}  // namespace conclave
