/// Text to sound with a speech model and its codec, word by word.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "models/audio/spectral_codec.h"
#include "models/audio/speech_model.h"

namespace conclave {

/// What is said at once: a word, or of free text a window of some words.
struct TextWord {
  std::vector<int64_t> said;       ///< words of the model; of free text empty until it is spoken
  double pause = 0;                ///< seconds of silence behind it
  std::vector<std::string> words;  ///< as they are told of
};

/// What a model that knows words says: each digit is one, others by their names in any case; blanks part
/// them, other marks (, . ; : ! ? - / + and brackets) make a longer pause. A model of free text says windows
/// (spoken_windows). Throws UsageError that names what the model cannot say, and for text without a word.
std::vector<TextWord> read_words(const SpeechModel& model, std::string_view text);

/// Whether read_words would read it.
bool can_say(const SpeechModel& model, std::string_view text);

/// The phones of a word (small letters and apostrophes), as the model of free text calls them.
using Pronounce = std::function<std::vector<std::string>(const std::string& word)>;

struct SpeakOptions {
  Pronounce pronounce = {};  ///< needed for free text
  int64_t speaker = -1;      ///< of the model; -1: by the sample alone
  Tensor sample_FK;          ///< as voice_sample gives it; undefined: none
  double temperature = 0.7;
  double guidance = 1;  ///< as in SpeechRequest
  int64_t top_k = 40;
  uint64_t seed = 0;
  RoutingLog* log = nullptr;  ///< as in SpeechRequest
};

struct WordTime {
  std::string word;
  int64_t begin = 0, end = 0;  ///< samples
  int64_t window = 0;          ///< what was said at once
};

/// Says the words or windows one after the other, each in the same voice, and hands sound on as soon as there
/// is some (words of free text are pronounced window by window, too): pieces of samples [N] at the codec's
/// rate. The same arguments give the same samples, however many threads there are elsewhere. Memory does not
/// grow with the text but for the times. `put` returns false to end it.
std::vector<WordTime> speak(const SpeechModel& model, const SpectralCodec& codec,
                            const std::vector<TextWord>& words, const SpeakOptions& options,
                            const std::function<bool(const Tensor& samples_N)>& put);

/// [N] from its first to its last loud sample; silence as it is.
Tensor without_silence(const Tensor& audio_N);

/// The codes [F,K] of a voice's sample: its first loud second or so, at the level that the model learned
/// with. Throws UsageError for silence and for less than a quarter of a second of sound.
Tensor voice_sample(const SpeechModel& model, const SpectralCodec& codec, const Tensor& audio_N);

/// The level in dB of full scale that recordings are brought to before they are learned from.
constexpr double kSpeechLevel = -20;

}  // namespace conclave
