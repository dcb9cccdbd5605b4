#include "apps/audio/sound_eval.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>

#include "apps/audio/recogniser.h"
#include "apps/audio/recordings.h"
#include "apps/audio/routing_figures.h"
#include "apps/audio/sound_model.h"
#include "apps/audio/speaker_likeness.h"
#include "apps/common/app.h"
#include "apps/common/shipped.h"
#include "apps/routing/routing_rows.h"
#include "framework/base/log.h"
#include "framework/base/progress.h"
#include "framework/base/signals.h"
#include "framework/media/sound.h"
#include "framework/media/sound_writer.h"
#include "models/audio/codec_task.h"
#include "models/audio/frechet_distance.h"
#include "models/audio/sound_distance.h"
#include "models/audio/speaking.h"

namespace conclave {
namespace fs = std::filesystem;
namespace {

constexpr const char* kJudges = "audio-judges";

struct Clips {
  std::vector<Tensor> samples;
  std::vector<FsddClip> of;
};

// Share of clips whose digit is heard.
double share_right(const std::vector<int>& heard, const std::vector<FsddClip>& clips) {
  int64_t right = 0;
  for (size_t i = 0; i < heard.size(); ++i) right += heard[i] == clips[i].digit;
  return static_cast<double>(right) / static_cast<double>(heard.size());
}

class Judges {
 public:
  explicit Judges(int64_t sample_rate)
      : rate_(sample_rate),
        digits_(open_classifier(shipped(kJudges) / "digits")),
        speakers_(open_classifier(shipped(kJudges) / "speakers")),
        recogniser_(Sphinx::find()) {
    if (!recogniser_) log_warning("pocketsphinx is not installed: the independent recogniser does not judge");
    require<UsageError>(digits_->sample_rate == rate_ && speakers_->sample_rate == rate_,
                        "the judges hear {} Hz, the model makes {}", digits_->sample_rate, rate_);
  }

  const ClipClassifier& digits() const { return *digits_; }
  const ClipClassifier& speakers() const { return *speakers_; }
  bool has_recogniser() const { return recogniser_.has_value(); }

  std::vector<int> recognised(const std::vector<Tensor>& clips) const {
    return recogniser_->hear_digits(clips, rate_);
  }
  std::vector<int> classified(const std::vector<Tensor>& clips) const {
    std::vector<int> heard;
    for (const auto& clip : clips)
      heard.push_back(std::stoi(digits_->labels[static_cast<size_t>(digits_->classify(clip))]));
    return heard;
  }
  /// {"recogniser", "classifier"}: shares of digits heard. The classifier has learned from clips outside the
  /// test split, so that only clips of the split count for it.
  Json hear(const Clips& clips) const {
    Json said = Json::object();
    if (recogniser_) said["recogniser"] = share_right(recognised(clips.samples), clips.of);
    Clips test;
    for (size_t i = 0; i < clips.of.size(); ++i)
      if (clips.of[i].in_test()) {
        test.samples.push_back(clips.samples[i]);
        test.of.push_back(clips.of[i]);
      }
    if (!test.of.empty()) said["classifier"] = share_right(classified(test.samples), test.of);
    return said;
  }

 private:
  int64_t rate_;
  Ptr<ClipClassifier> digits_, speakers_;
  std::optional<Sphinx> recogniser_;
};

Clips load(const Json& source, const SoundEvalOptions& options, int64_t rate) {
  Clips clips;
  for (auto& one : load_recordings(source, options.data, {}, rate, "--data")) {
    clips.samples.push_back(at_level(one.samples_N, kSpeechLevel));
    clips.of.push_back(one.clip);
  }
  return clips;
}

// Means over the clips against the originals.
Json distances(const Clips& made, const Clips& wanted, int64_t rate) {
  double mel = 0, stft = 0, sdr = 0;
  for (size_t i = 0; i < made.samples.size(); ++i) {
    const Tensor a = made.samples[i].unsqueeze(0), b = wanted.samples[i].unsqueeze(0);
    mel += mel_distance(a, b, rate).item<double>();
    stft += stft_distance(a, b).item<double>();
    sdr += si_sdr(a, b).item<double>();
  }
  const auto count = static_cast<double>(made.samples.size());
  return {{"mel_distance", mel / count}, {"stft_distance", stft / count}, {"si_sdr_db", sdr / count}};
}

Clips through_codec(const Clips& clips, const SpectralCodec& codec, int64_t use) {
  Clips made{{}, clips.of};
  for (const auto& clip_N : clips.samples) {
    throw_if_interrupted();
    const Tensor codes = codec.encode(clip_N.view({1, 1, -1}), use);
    made.samples.push_back(codec.decode(codes)[0][0].narrow(0, 0, clip_N.size(0)).contiguous());
  }
  return made;
}

// Constant rate, frames of 60 ms: what Opus spends least on besides the sound. `kbps` gets what the packets
// took.
Clips through_opus(const Clips& clips, int64_t rate, int64_t bits_per_second, double& kbps) {
  Clips made{{}, clips.of};
  const fs::path file = fs::temp_directory_path() / fmt::format("conclave-opus-{}.opus", ::getpid());
  double bytes = 0, seconds = 0;
  for (const auto& clip_N : clips.samples) {
    throw_if_interrupted();
    save_sound(file, clip_N, rate, {.bitrate = bits_per_second, .frame_ms = 60, .constant = true});
    const Tensor back_N = load_sound(file, {.sample_rate = rate}).samples_N;
    const int64_t missing = std::max<int64_t>(clip_N.size(0) - back_N.size(0), 0);
    made.samples.push_back(
        at::constant_pad_nd(back_N, {0, missing}).narrow(0, 0, clip_N.size(0)).contiguous());
    bytes += static_cast<double>(fs::file_size(file));
    seconds += static_cast<double>(clip_N.size(0)) / static_cast<double>(rate);
  }
  fs::remove(file);
  kbps = bytes * 8 / seconds / 1000;
  return made;
}

void tell(const std::string& name, const Json& record, Invocation& call) {
  if (call.json()) return;
  std::string line = fmt::format("{:<28}", name);
  for (const auto& [key, value] : record.items())
    if (value.is_number()) line += fmt::format("  {} {:.3f}", key, value.get<double>());
  fmt::print("{}\n", line);
}

Tensor embeddings(const ClipClassifier& embedding, const Clips& clips) {
  std::vector<Tensor> rows;
  for (const auto& clip_N : clips.samples) rows.push_back(embedding.voice(clip_N));
  return at::stack(rows);
}

std::vector<std::string> speakers_of(const Clips& clips) {
  std::vector<std::string> speakers;
  for (const auto& clip : clips.of) speakers.push_back(clip.speaker);
  return speakers;
}

}  // namespace

int eval_codec(const SoundEvalOptions& options, Invocation& call) {
  const at::NoGradGuard no_grad;
  const auto codec = open_codec(codec_folder(options.model)).codec;
  const int64_t rate = codec->sample_rate;
  const Judges judges(rate);
  const Clips clips =
      load({{"kind", "fsdd"}, {"split", "all"}, {"only", Json::array({options.speaker})}}, options, rate);
  call.begin();
  Json all = {{"task", "codec"}, {"speaker", options.speaker}, {"clips", clips.samples.size()}};
  const auto add = [&](const std::string& name, const Clips& made, Json record) {
    record.update(judges.hear(made));
    if (name != "original") record.update(distances(made, clips, rate));
    for (const auto& [key, value] : record.items())
      if (value.is_number()) call.history().metric(name + "/" + key, 0, value.get<double>());
    tell(name, record, call);
    all[name] = std::move(record);
  };
  add("original", clips, Json::object());
  std::vector<int64_t> rates;
  for (const int64_t use : {codec->books, (codec->books + 1) / 2}) {
    const auto bits = static_cast<int64_t>(codec->bits_per_second(use));
    add(fmt::format("codec-{}-books", use), through_codec(clips, *codec, use), {{"bits_per_second", bits}});
    rates.push_back(bits);
  }
  rates.push_back(6000);
  for (const int64_t bits : rates) {
    double kbps = 0;
    const Clips made = through_opus(clips, rate, bits, kbps);
    add(fmt::format("opus-{}", bits), made, {{"bits_per_second", bits}, {"file_kbps", kbps}});
  }
  if (call.json()) call.out().write(all);
  return kExitDone;
}

int eval_digits(const SoundEvalOptions& options, Invocation& call) {
  const at::NoGradGuard no_grad;
  const OpenVoice voice = open_voice(voice_folder(options.model));
  const auto& codec = *voice.codec.codec;
  const auto& speech = *voice.speech;
  const Judges judges(codec.sample_rate);
  const Clips real = load({{"kind", "fsdd"}, {"split", "test"}}, options, codec.sample_rate);
  call.begin();
  Clips made;
  Trace trace;
  NullExperts nulls;
  {
    Progress progress("digits", static_cast<int64_t>(speech.speakers.size()) * 10 * options.takes, "digits");
    for (size_t s = 0; s < speech.speakers.size(); ++s)
      for (int digit = 0; digit < 10; ++digit)
        for (int64_t take = 0; take < options.takes; ++take) {
          throw_if_interrupted();
          SpeakOptions how;
          how.speaker = static_cast<int64_t>(s);
          how.temperature = options.temperature.value_or(speech.temperature);
          how.guidance = options.guidance.value_or(speech.guidance);
          how.seed = options.seed + static_cast<uint64_t>(take);
          RoutingLog log;
          how.log = &log;
          std::vector<Tensor> pieces;
          speak(speech, codec, {{{digit}, 0, {std::to_string(digit)}}}, how, [&](const Tensor& samples_N) {
            pieces.push_back(samples_N);
            return true;
          });
          for (const auto& record : log.records) {
            trace.add(record);
            nulls[record.site] = record.nulls;
          }
          made.samples.push_back(at_level(at::cat(pieces), kSpeechLevel));
          made.of.push_back({{}, digit, speech.speakers[s], 0});  // counts as of the test split
          progress.advance();
        }
  }
  const SpeakerLikeness likeness(judges.speakers(), real.samples, speakers_of(real));
  const Tensor real_speakers_NE = embeddings(judges.speakers(), real),
               real_digits_NE = embeddings(judges.digits(), real);
  Json all = {{"task", "digits"}, {"equal_error_rate", likeness.equal_error_rate()}};
  if (!trace.sites().empty()) {
    all["null_rate"] = null_rate_by_modality(trace, nulls);
    all["load"] = trace.loads();
    call.history().routing("generated", 0, routing_rows(trace));
  }
  const auto add = [&](const std::string& name, const Clips& clips, bool themselves) {
    Json record = {{"clips", clips.samples.size()}};
    record.update(judges.hear(clips));
    record["right_speaker"] = likeness.share_right(clips.samples, speakers_of(clips), themselves);
    if (&clips != &real) {
      record["frechet_speaker_embedding"] =
          frechet_distance(real_speakers_NE, embeddings(judges.speakers(), clips));
      record["frechet_digit_embedding"] =
          frechet_distance(real_digits_NE, embeddings(judges.digits(), clips));
    }
    for (const auto& [key, value] : record.items())
      call.history().metric(name + "/" + key, 0, value.get<double>());
    tell(name, record, call);
    all[name] = std::move(record);
  };
  add("recordings", real, true);
  const Clips others = load({{"kind", "fsdd"}, {"split", "validation"}}, options, codec.sample_rate);
  add("other-recordings", others, false);
  add("recordings-after-codec", through_codec(real, codec, speech.books()), true);
  add("generated", made, false);
  if (call.json()) {
    call.out().write(all);
    return kExitDone;
  }
  fmt::print("equal error rate of the speaker embedding on the recordings: {:.3f}\n",
             all["equal_error_rate"].get<double>());
  if (!all.contains("null_rate")) return kExitDone;
  for (const auto& [modality, rate] : all["null_rate"].items())
    fmt::print("slots of {} that went to null experts: {:.1f} %\n", modality, 100 * rate.get<double>());
  return kExitDone;
}

}  // namespace conclave
