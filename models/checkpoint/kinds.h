/// What a checkpoint may be: the values of "kind" in our configuration.
#pragma once

#include "framework/base/json.h"
#include "framework/tensor/module.h"

namespace conclave {

/// causal_lm (with or without pictures), audio_lm, talker, translator, musicgen, dac, encodec, mimi. Throws
/// UsageError that names the key.
Ptr<Module> make_kind(const Json& config);

/// Whether it is a codec.
bool is_codec(const Json& config);

}  // namespace conclave
