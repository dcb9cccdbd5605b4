#include "models/audio/speaking.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <c10/core/InferenceMode.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>

#include "framework/base/error.h"
#include "framework/base/random.h"
#include "framework/text/spoken_text.h"
#include "models/audio/codec_task.h"
#include "models/audio/speech_task.h"

namespace conclave {
namespace {

constexpr double kWordPause = 0.06, kMarkPause = 0.25;  // seconds
constexpr int kLongestWindow = 6;                       // words; longer ones are not learned from
constexpr int64_t kFramesOfUnit = 15;                   // at most, on average over a window
constexpr double kSilence = 0.02;                       // of the largest sample

bool is_mark(char c) {
  return std::string_view(",.;:!?-/+()[]").find(c) != std::string_view::npos;
}

std::string lower(std::string_view text) {
  std::string small(text);
  for (char& c : small) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return small;
}

int64_t place_of(const SpeechModel& model, const std::string& word) {
  const auto found = std::find(model.words.begin(), model.words.end(), word);
  return found == model.words.end() ? -1 : found - model.words.begin();
}

// A word as it is said alone; digits go by the names of the first ten words.
TextWord named(const SpeechModel& model, const std::string& word) {
  const std::string known = lower(word);
  const int64_t place = place_of(model, known);
  require<UsageError>(place >= 0, "\"{}\" cannot be said: this model's words are {} and digits", word,
                      fmt::join(model.words, ", "));
  return {{place}, kWordPause, {known}};
}

std::vector<TextWord> read_free_text(const SpeechModel& model, std::string_view text,
                                     const std::function<std::string(const std::string&)>& phonemes) {
  std::vector<TextWord> read;
  for (auto& window : spoken_windows(text, kLongestWindow)) {
    const std::string words = fmt::format("{}", fmt::join(window.words, " "));
    TextWord one{{}, window.pause, std::move(window.words)};
    if (phonemes) one.said = phonemes_of(model, phonemes(words));
    if (one.said.empty()) one.said = letters_of(model, words);
    read.push_back(std::move(one));
  }
  return read;
}

// A window's stretch of time among its words, by their letters.
void share_time(const TextWord& said, int64_t window, int64_t begin, int64_t end,
                std::vector<WordTime>& times) {
  size_t all = 0, before = 0;
  for (const auto& word : said.words) all += word.size();
  for (const auto& word : said.words) {
    const auto at = [&](size_t letters) {
      return begin + (end - begin) * static_cast<int64_t>(letters) / static_cast<int64_t>(all);
    };
    times.push_back({word, at(before), at(before + word.size()), window});
    before += word.size();
  }
}

}  // namespace

std::vector<TextWord> read_words(const SpeechModel& model, std::string_view text,
                                 const std::function<std::string(const std::string&)>& phonemes) {
  if (model.free_text) return read_free_text(model, text, phonemes);
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
      words.push_back(named(model, kDigits[c - '0']));
      ++at;
    } else {
      size_t end = at;
      while (end < text.size() && !std::isspace(static_cast<unsigned char>(text[end])) &&
             !is_mark(text[end]) && (text[end] < '0' || text[end] > '9'))
        ++end;
      words.push_back(named(model, std::string(text.substr(at, end - at))));
      at = end;
    }
  }
  require<UsageError>(!words.empty(), "there is no word in the text");
  return words;
}

std::vector<int64_t> letters_of(const SpeechModel& model, std::string_view words) {
  std::vector<int64_t> letters;
  for (const char letter : words) {
    letters.push_back(place_of(model, std::string(1, letter)));
    require<UsageError>(letters.back() >= 0,
                        "\"{}\" cannot be said: this model has not learned the letter {}", words, letter);
  }
  return letters;
}

std::vector<int64_t> phonemes_of(const SpeechModel& model, std::string_view phonemes) {
  std::vector<int64_t> said;
  for (size_t at = 0; at < phonemes.size();) {
    size_t end = at + 1;
    while (end < phonemes.size() && (static_cast<unsigned char>(phonemes[end]) & 0xc0) == 0x80) ++end;
    const int64_t place = place_of(model, "/" + std::string(phonemes.substr(at, end - at)));
    if (place >= 0) said.push_back(place);
    at = end;
  }
  return said;
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
    request.words = words[i].said;
    request.guidance = options.guidance;
    if (model.free_text) request.most_frames = kFramesOfUnit * std::ssize(request.words) + kFramesOfUnit;
    request.speaker = options.speaker;
    request.sample_FK = options.sample_FK;
    request.temperature = options.temperature;
    request.top_k = options.top_k;
    request.log = options.log;
    request.seed = options.seed ^ fnv1a(fmt::format("word {}", i));
    SpectralDecoder decoder(codec);
    const int64_t begin = samples;
    say_word(model, request, [&](const Tensor& frame_K) { return give(decoder.push(frame_K.unsqueeze(1))); });
    give(decoder.finish());
    share_time(words[i], static_cast<int64_t>(i), begin, samples, times);
    give(at::zeros({static_cast<int64_t>(words[i].pause * static_cast<double>(codec.sample_rate))}));
  }
  return times;
}

Tensor without_silence(const Tensor& audio_N) {
  const double loudest = audio_N.numel() > 0 ? audio_N.abs().max().item<double>() : 0;
  if (loudest <= 0) return audio_N;
  const Tensor loud = (audio_N.abs() > kSilence * loudest).nonzero().squeeze(1);
  return audio_N.slice(0, loud[0].item<int64_t>(), loud[-1].item<int64_t>() + 1);
}

Tensor voice_sample(const SpeechModel& model, const SpectralCodec& codec, const Tensor& audio_N) {
  const at::NoGradGuard no_grad;
  const double loudest = audio_N.numel() > 0 ? audio_N.abs().max().item<double>() : 0;
  require<UsageError>(loudest > 1e-4, "the sample of a voice is silent");
  const Tensor voice_N = without_silence(audio_N).slice(0, 0, kMostSample * codec.hop);
  require<UsageError>(voice_N.size(0) >= kLeastSample * codec.hop,
                      "the sample of a voice holds {:.2f} s of sound: {:.2f} s are needed at least",
                      static_cast<double>(voice_N.size(0)) / static_cast<double>(codec.sample_rate),
                      static_cast<double>(kLeastSample * codec.hop) / static_cast<double>(codec.sample_rate));
  const Tensor codes_1KF = codec.encode(at_level(voice_N, kSpeechLevel).view({1, 1, -1}), model.books());
  return codes_1KF[0].t().contiguous().slice(0, 0, kMostSample);
}

}  // namespace conclave
