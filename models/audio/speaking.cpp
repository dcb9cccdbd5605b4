#include "models/audio/speaking.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <c10/core/InferenceMode.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>

#include "framework/base/error.h"
#include "framework/base/random.h"
#include "models/audio/codec_task.h"
#include "models/audio/speech_task.h"

namespace conclave {
namespace {

constexpr double kWordPause = 0.06, kMarkPause = 0.25;  // seconds
constexpr double kSilence = 0.02;                       // of the largest sample

bool is_mark(char c) {
  return std::string_view(",.;:!?-/+()[]").find(c) != std::string_view::npos;
}

std::string lower(std::string_view text) {
  std::string small(text);
  for (char& c : small) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return small;
}

// The place of a word; digits go by the names of the first ten words.
int64_t find_word(const SpeechModel& model, const std::string& word) {
  const auto found = std::find(model.words.begin(), model.words.end(), lower(word));
  require<UsageError>(found != model.words.end(),
                      "\"{}\" cannot be said: this model's words are {} and digits", word,
                      fmt::join(model.words, ", "));
  return found - model.words.begin();
}

}  // namespace

std::vector<TextWord> read_words(const SpeechModel& model, std::string_view text) {
  static const char* kDigits[] = {"zero", "one", "two",   "three", "four",
                                  "five", "six", "seven", "eight", "nine"};
  std::vector<TextWord> words;
  for (size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (std::isspace(static_cast<unsigned char>(c))) {
      ++at;
    } else if (is_mark(c)) {
      if (!words.empty()) words.back().pause = kMarkPause;
      ++at;
    } else if (c >= '0' && c <= '9') {
      words.push_back({find_word(model, kDigits[c - '0']), kWordPause});
      ++at;
    } else {
      size_t end = at;
      while (end < text.size() && !std::isspace(static_cast<unsigned char>(text[end])) &&
             !is_mark(text[end]) && (text[end] < '0' || text[end] > '9'))
        ++end;
      words.push_back({find_word(model, std::string(text.substr(at, end - at))), kWordPause});
      at = end;
    }
  }
  require<UsageError>(!words.empty(), "there is no word in the text");
  return words;
}

std::vector<WordTime> speak(const SpeechModel& model, const SpectralCodec& codec,
                            const std::vector<TextWord>& words, const SpeakOptions& options,
                            const std::function<bool(const Tensor& samples_N)>& put) {
  const c10::InferenceMode inference;
  std::vector<WordTime> times;
  int64_t samples = 0;
  bool wanted = true;
  const auto give = [&](const Tensor& samples_N) {
    samples += samples_N.size(0);
    if (samples_N.size(0) > 0) wanted = wanted && put(samples_N);
    return wanted;
  };
  for (size_t i = 0; i < words.size() && wanted; ++i) {
    SpeechRequest request;
    request.word = words[i].word;
    request.speaker = options.speaker;
    request.sample_FK = options.sample_FK;
    request.temperature = options.temperature;
    request.top_k = options.top_k;
    request.log = options.log;
    request.seed = options.seed ^ fnv1a(fmt::format("word {}", i));
    SpectralDecoder decoder(codec);
    times.push_back({words[i].word, samples, 0});
    say_word(model, request, [&](const Tensor& frame_K) { return give(decoder.push(frame_K.unsqueeze(1))); });
    give(decoder.finish());
    times.back().end = samples;
    give(at::zeros({static_cast<int64_t>(words[i].pause * static_cast<double>(codec.sample_rate))}));
  }
  return times;
}

Tensor voice_sample(const SpeechModel& model, const SpectralCodec& codec, const Tensor& audio_N) {
  const at::NoGradGuard no_grad;
  const double loudest = audio_N.numel() > 0 ? audio_N.abs().max().item<double>() : 0;
  require<UsageError>(loudest > 1e-4, "the sample of a voice is silent");
  const Tensor loud = (audio_N.abs() > kSilence * loudest).nonzero().squeeze(1);
  const int64_t begin = loud[0].item<int64_t>(), end = loud[-1].item<int64_t>() + 1;
  const Tensor voice_N = audio_N.slice(0, begin, std::min(end, begin + kMostSample * codec.hop));
  require<UsageError>(voice_N.size(0) >= kLeastSample * codec.hop,
                      "the sample of a voice holds {:.2f} s of sound: {:.2f} s are needed at least",
                      static_cast<double>(voice_N.size(0)) / static_cast<double>(codec.sample_rate),
                      static_cast<double>(kLeastSample * codec.hop) / static_cast<double>(codec.sample_rate));
  const Tensor codes_1KF = codec.encode(at_level(voice_N, kSpeechLevel).view({1, 1, -1}), model.books());
  return codes_1KF[0].t().contiguous().slice(0, 0, kMostSample);
}

}  // namespace conclave
