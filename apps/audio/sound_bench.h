/// Speed of speech and of its codec.
#pragma once

#include <filesystem>

#include "apps/common/verb.h"

namespace conclave {

/// Says the ten digits, or a sentence of free text, `rounds` times on one thread, codes and decodes the
/// sound, and tells the medians: first sound after the text in milliseconds, times real time of speaking,
/// encoding and decoding, peak memory. `model`: folder of a voice.
void bench_speech(const std::filesystem::path& model, int64_t rounds, Invocation& call);

}  // namespace conclave
