#include "apps/audio/speech_eval.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <unistd.h>

#include <algorithm>
#include <sstream>

#include "apps/audio/recogniser.h"
#include "apps/audio/sound_model.h"
#include "apps/common/app.h"
#include "apps/common/shipped.h"
#include "framework/base/child_process.h"
#include "framework/base/file.h"
#include "framework/base/progress.h"
#include "framework/base/signals.h"
#include "framework/media/sound.h"
#include "framework/score/edit_distance.h"
#include "models/audio/codec_task.h"
#include "models/audio/speaking.h"

namespace conclave {
namespace fs = std::filesystem;
namespace {

constexpr double kEdge = 0.3;  // seconds of silence around a sentence, which a recogniser expects

std::vector<std::string> words_of(const std::string& line) {
  std::vector<std::string> words;
  std::istringstream in(line);
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

Tensor with_edges(const Tensor& samples_N, int64_t rate) {
  const auto edge = static_cast<int64_t>(kEdge * static_cast<double>(rate));
  return at::constant_pad_nd(at_level(samples_N, kSpeechLevel), {edge, edge});
}

// One of flite's voices, as it is installed.
Tensor flite_says(const std::string& program, const std::string& voice, const std::string& text,
                  int64_t rate) {
  const fs::path file = fs::temp_directory_path() / fmt::format("conclave-flite-{}.wav", ::getpid());
  const auto done = run_child({program, "-voice", voice, "-t", text, "-o", file.string()});
  require(done.code == 0, "{} ended with code {}", program, done.code);
  const Tensor samples_N = load_sound(file, {.sample_rate = rate}).samples_N;
  fs::remove(file);
  return samples_N;
}

}  // namespace

int64_t word_errors(const std::string& wanted, const std::string& heard) {
  return edit_distance(words_of(wanted), words_of(heard));
}

int eval_speech(const SoundEvalOptions& options, Invocation& call) {
  const at::NoGradGuard no_grad;
  const OpenVoice voice = open_voice(options.model.empty() ? shipped(kFreeTextVoice) : options.model);
  const auto& codec = *voice.codec.codec;
  const auto& speech = *voice.speech;
  require<UsageError>(speech.free_text(),
                      "--task speech: this model says single words; give --model, a voice of free text");
  const auto sphinx = Sphinx::find();
  require<UsageError>(sphinx.has_value(),
                      "--task speech: pocketsphinx and its English model are not installed");
  std::vector<std::string> sentences;
  const fs::path file = options.data / "sentences.txt";
  std::istringstream lines(read_file(file));
  int64_t number = 0;
  for (std::string line; std::getline(lines, line);) try {
      ++number;
      if (words_of(line).empty()) continue;
      read_words(speech, line);
      sentences.push_back(line);
    } catch (const UsageError& e) {
      throw DataError(file.string(), fmt::format("line {}", number), e.what());
    }
  require<UsageError>(!sentences.empty(), "{}: holds no sentence", (options.data / "sentences.txt").string());
  call.begin();
  const std::string flite = find_program("flite");
  const int64_t rate = codec.sample_rate;
  std::vector<Tensor> made, read, coded;  // speaker after speaker
  Progress progress("sentences", std::ssize(sentences) * std::ssize(speech.speakers), "sentences");
  for (size_t speaker = 0; speaker < speech.speakers.size(); ++speaker)
    for (const std::string& sentence : sentences) {
      throw_if_interrupted();
      SpeakOptions how;
      how.speaker = static_cast<int64_t>(speaker);
      how.temperature = options.temperature.value_or(speech.temperature);
      how.guidance = options.guidance.value_or(speech.guidance);
      how.seed = options.seed;
      how.pronounce = voice.pronounce;
      std::vector<Tensor> pieces;
      speak(speech, codec, read_words(speech, sentence), how, [&](const Tensor& samples_N) {
        pieces.push_back(samples_N);
        return true;
      });
      made.push_back(with_edges(at::cat(pieces), rate));
      progress.advance();
      if (flite.empty()) continue;
      const Tensor said_N = flite_says(flite, speech.speakers[speaker], sentence, rate);
      read.push_back(with_edges(said_N, rate));
      const Tensor codes = codec.encode(at_level(said_N, kSpeechLevel).view({1, 1, -1}), speech.books());
      coded.push_back(with_edges(codec.decode(codes)[0][0], rate));
    }
  int64_t words = 0;
  for (const auto& sentence : sentences) words += std::ssize(words_of(sentence));
  Json all = {{"task", "speech"}, {"sentences", sentences.size()}, {"words", words}};
  const auto add = [&](const std::string& name, const std::vector<Tensor>& clips) {
    if (clips.empty()) return;
    const auto heard = sphinx->hear_words(clips, rate);
    Json by_speaker = Json::object();
    double sum = 0;
    for (size_t speaker = 0; speaker < speech.speakers.size(); ++speaker) {
      int64_t errors = 0;
      for (size_t i = 0; i < sentences.size(); ++i)
        errors += word_errors(sentences[i], heard[speaker * sentences.size() + i]);
      const double share = static_cast<double>(errors) / static_cast<double>(words);
      by_speaker[speech.speakers[speaker]] = share;
      sum += share;
      if (!call.json())
        fmt::print("{:<20} {:<10} word error rate {:.3f}\n", name, speech.speakers[speaker], share);
    }
    const double mean = sum / static_cast<double>(speech.speakers.size());
    all[name] = {{"word_error_rate", mean}, {"by_speaker", by_speaker}};
    call.history().metric(name + "/word_error_rate", 0, mean);
  };
  add("generated", made);
  add("flite", read);
  add("flite-after-codec", coded);
  if (call.json()) call.out().write(all);
  return kExitDone;
}

}  // namespace conclave
