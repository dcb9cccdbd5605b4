/// Text to sound with a speech model and its codec, word by word.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "models/audio/spectral_codec.h"
#include "models/audio/speech_model.h"

namespace conclave {

struct TextWord {
  int64_t word = 0;
  double pause = 0;  ///< seconds of silence behind it
};

/// Words of the model out of text: each digit is one, others by their names in any case; blanks part them,
/// other marks (, . ; : ! ? - / + and brackets) make a longer pause. Throws UsageError that names what the
/// model cannot say, and for text without a word.
std::vector<TextWord> read_words(const SpeechModel& model, std::string_view text);

struct SpeakOptions {
  int64_t speaker = -1;  ///< of the model; -1: by the sample alone
  Tensor sample_FK;      ///< as voice_sample gives it; undefined: none
  double temperature = 0.7;
  int64_t top_k = 40;
  uint64_t seed = 0;
  RoutingLog* log = nullptr;  ///< as in SpeechRequest
};

struct WordTime {
  int64_t word = 0;
  int64_t begin = 0, end = 0;  ///< samples
};

/// Says the words one after the other, each in the same voice, and hands sound on as soon as there is some:
/// pieces of samples [N] at the codec's rate. The same arguments give the same samples, however many threads
/// there are elsewhere. Memory does not grow with the text but for the times. `put` returns false to end it.
std::vector<WordTime> speak(const SpeechModel& model, const SpectralCodec& codec,
                            const std::vector<TextWord>& words, const SpeakOptions& options,
                            const std::function<bool(const Tensor& samples_N)>& put);

/// The codes [F,K] of a voice's sample: its first loud second or so, at the level that the model learned
/// with. Throws UsageError for silence and for less than a quarter of a second of sound.
Tensor voice_sample(const SpeechModel& model, const SpectralCodec& codec, const Tensor& audio_N);

/// The level in dB of full scale that recordings are brought to before they are learned from.
constexpr double kSpeechLevel = -20;

}  // namespace conclave
