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
constexpr int kLongestWindow = 12;                      // words; longer ones are not learned from
constexpr int64_t kFramesOfUnit = 25;                   // at most, on average over a window
constexpr const char* kPause = "pau";                   // the phone around a window
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

// Where the words of a window end among its units.
struct Spelled {
  std::vector<int64_t> units;
  std::vector<size_t> word_ends;
};

Spelled spelled(const SpeechModel& model, const std::vector<std::string>& words, const Pronounce& pronounce) {
  require(static_cast<bool>(pronounce), "[speech] free text is spoken with a pronunciation");
  const auto add = [&](Spelled& to, const std::string& phone) {
    const int64_t place = place_of(model, phone);
    require<UsageError>(place >= 0, "the phone \"{}\" cannot be said: this model's are {}", phone,
                        fmt::join(model.words, " "));
    to.units.push_back(place);
  };
  Spelled all;
  add(all, kPause);
  for (const auto& word : words) {
    for (const auto& phone : pronounce(word)) add(all, phone);
    all.word_ends.push_back(all.units.size());
  }
  add(all, kPause);
  return all;
}

}  // namespace

bool can_say(const SpeechModel& model, std::string_view text) try {
  return !read_words(model, text).empty();
} catch (const UsageError&) {
  return false;
}

std::vector<TextWord> read_words(const SpeechModel& model, std::string_view text) {
  if (model.free_text()) {
    std::vector<TextWord> read;
    for (auto& window : spoken_windows(text, kLongestWindow))
      read.push_back({{}, window.pause, std::move(window.words)});
    return read;
  }
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
    Spelled spelling;
    std::vector<int64_t> unit_ends;  // frames
    if (model.free_text()) {
      spelling = spelled(model, words[i].words, options.pronounce);
      request.words = spelling.units;
      request.most_frames = kFramesOfUnit * std::ssize(request.words);
      request.unit_ends = &unit_ends;
    }
    request.guidance = options.guidance;
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
    const auto window = static_cast<int64_t>(i);
    if (!model.free_text()) times.push_back({words[i].words[0], begin, samples, window});
    for (size_t word = 0, first = 1; word < spelling.word_ends.size(); first = spelling.word_ends[word++]) {
      const auto at = [&](size_t unit) {  // where it ends
        return unit < unit_ends.size() ? std::min(begin + unit_ends[unit] * codec.hop, samples) : samples;
      };
      times.push_back({words[i].words[word], at(first - 1), at(spelling.word_ends[word] - 1), window});
    }
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
