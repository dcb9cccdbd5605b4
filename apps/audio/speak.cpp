#include <ATen/ATen.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdio>

#include "apps/audio/batch.h"
#include "apps/audio/phonemes.h"
#include "apps/audio/routing_bands.h"
#include "apps/audio/sound_model.h"
#include "apps/audio/verbs.h"
#include "apps/audio/voices.h"
#include "apps/common/app.h"
#include "framework/base/signals.h"
#include "framework/base/stopwatch.h"
#include "framework/media/loudness.h"
#include "framework/media/sound.h"
#include "framework/media/sound_writer.h"
#include "framework/tensor/device.h"
#include "models/audio/speaking.h"

namespace conclave {
namespace fs = std::filesystem;
namespace {

constexpr double kVoiceSeconds = 10;  // of a sample that are read

struct Item {
  Json id;
  std::string text, speaker;
  fs::path voice;
  uint64_t seed = 0;
  std::vector<fs::path> outputs;
};

class SpeakVerb : public Verb {
 public:
  std::string name() const override { return "speak"; }
  std::string summary() const override { return "Say a text in the voice of a speaker or of a recording"; }
  std::string examples() const override {
    return "conclave-audio speak --text \"0 1 2 3\" --speaker george --seed 1 -o a.wav\n"
           "conclave-audio speak --text \"Dr. Smith has 42 apples.\" --speaker rms -o smith.wav\n"
           "conclave-audio speak --text 555-0123 --voice me.wav -o b.flac -o b.mp3\n"
           "conclave-audio speak --text \"four two\" --stream | aplay -f S16_LE -r 8000\n"
           "conclave-audio speak --input items.jsonl";
  }
  void declare(Options& options) override;
  int run(Invocation& call) override;

 private:
  void check(Invocation& call) const;
  Item item_of(const JsonRecord& record, const Json& id, uint64_t seed) const;
  void say(const Item& item, Voices& voices, Invocation& call) const;

  std::string text_, speaker_;
  fs::path voice_, input_, model_;
  std::vector<fs::path> outputs_;
  bool stream_ = false, raw_ = false, routing_ = false;
  std::optional<double> temperature_, guidance_;
  std::string pronounce_ = "model";
  double loudness_ = LoudnessOptions{}.target;
};

void SpeakVerb::declare(Options& options) {
  options.add("text", text_, "What to say: any English; FSDD's speakers say digits alone");
  options.add(
      "speaker", speaker_,
      "Voice by name: george, jackson, lucas, nicolas, theo, yweweler for digits, slt and rms for any "
      "text; without it and --voice the first of these");
  options.add("voice", voice_, "Recording of the voice to speak in").existing();
  options.add("output", outputs_, "Sound file to write: .wav, .flac, .opus, .ogg, .mp3; may be repeated")
      .letter('o');
  options.add("stream", stream_,
              "Write raw samples (16 bit, little-endian, mono) to stdout as they are made");
  options
      .add("input", input_,
           "JSON lines of items, {\"text\", \"output\", \"speaker\", \"voice\", \"seed\", \"id\"}, or a .csv "
           "with such columns; what an item leaves out is as the options say")
      .existing();
  options.add("model", model_, "Folder of a voice (default: a shipped one that can say the text)").existing();
  options.add("loudness", loudness_, "Loudness of written files in LUFS (EBU R 128)").range(-70, 0);
  options.add("raw", raw_, "Leave the loudness of written files as the model makes it");
  options
      .add("temperature", temperature_,
           "Of the draws; 0: always the most probable code (default: the voice's own)")
      .range(0, 10);
  options
      .add("guidance", guidance_,
           "Above 1: closer to the text (classifier-free guidance), for a voice that was trained with text "
           "left out (default: the voice's own)")
      .range(0, 20);
  options.add("routing", routing_, "With --json: where each frame of the speech was sent, by layer");
  options
      .add("pronounce", pronounce_, "Who pronounces words of free text: the voice's own model or espeak-ng")
      .choices({"model", "espeak"});
}

void SpeakVerb::check(Invocation& call) const {
  require<UsageError>(!routing_ || call.json(), "--routing is told with --json");
  if (input_.empty()) {
    require<UsageError>(!text_.empty(), "--text or --input is needed");
    require<UsageError>(stream_ != !outputs_.empty(), "give either --output or --stream");
    require<UsageError>(!stream_ || !call.json(), "--stream writes sound to stdout, so --json cannot");
    return;
  }
  require<UsageError>(
      text_.empty() && outputs_.empty() && !stream_,
      "--input brings texts and outputs of its own: --text, --output and --stream cannot be given");
}

Item SpeakVerb::item_of(const JsonRecord& record, const Json& id, uint64_t seed) const {
  Item item{id, record.text("text"), speaker_, voice_, seed, {record.text("output")}};
  if (record.has("speaker")) item.speaker = record.text("speaker");
  if (record.has("voice")) item.voice = record.text("voice");
  if (record.has("seed")) item.seed = static_cast<uint64_t>(record.integer("seed"));
  return item;
}

void SpeakVerb::say(const Item& item, Voices& voices, Invocation& call) const {
  const OpenVoice& voice = voices.for_text(item.text, item.speaker);
  const auto& speech = *voice.speech;
  const auto& codec = *voice.codec.codec;
  for (const auto& output : item.outputs) check_sound_name(output);
  const auto words = read_words(speech, item.text);
  SpeakOptions options;
  options.seed = item.seed;
  options.temperature = temperature_.value_or(speech.temperature);
  options.guidance = guidance_.value_or(speech.guidance);
  options.pronounce = pronounce_ == "espeak" ? espeak_pronouncing() : voice.pronounce;
  RoutingLog log;
  if (routing_) options.log = &log;
  if (!item.voice.empty())
    options.sample_FK = voice_sample(
        speech, codec,
        load_sound(item.voice, {.sample_rate = codec.sample_rate, .max_seconds = kVoiceSeconds, .cut = true})
            .samples_N);
  if (!item.speaker.empty() || item.voice.empty()) options.speaker = find_speaker(speech, item.speaker);
  std::vector<Tensor> pieces;
  const Stopwatch watch;
  double first = 0;
  int64_t samples = 0;
  const auto times = speak(speech, codec, words, options, [&](const Tensor& samples_N) {
    throw_if_interrupted();
    if (samples == 0) first = watch.seconds();
    samples += samples_N.size(0);
    if (stream_) {
      const std::string bytes = pcm16(samples_N);
      std::fwrite(bytes.data(), 1, bytes.size(), stdout);
      require(std::fflush(stdout) == 0, "stdout cannot be written");
    } else {
      pieces.push_back(samples_N);
    }
    return true;
  });
  const double made_in = watch.seconds(), rate = static_cast<double>(codec.sample_rate);
  if (stream_) return;
  Tensor sound_N = at::cat(pieces);
  if (!raw_) sound_N = normalise_loudness(sound_N, codec.sample_rate, {.target = loudness_});
  for (const auto& output : item.outputs) {
    save_sound(output, sound_N, codec.sample_rate);
    call.history().output(output, "sound");
  }
  const double seconds = static_cast<double>(samples) / rate;
  if (!call.json()) {
    fmt::print("{}: {:.2f} s, {} words, {:.0f} x real time\n", item.outputs.front().string(), seconds,
               words.size(), seconds / made_in);
    return;
  }
  Json line = Json::object();
  if (!item.id.is_null()) line["id"] = item.id;
  line["outputs"] = Json::array();
  for (const auto& output : item.outputs) line["outputs"].push_back(output.string());
  line.update({{"seconds", seconds}, {"first_sound_ms", first * 1000}, {"x_real_time", seconds / made_in}});
  line["words"] = Json::array();
  for (const auto& time : times)
    line["words"].push_back({{"word", time.word},
                             {"begin", static_cast<double>(time.begin) / rate},
                             {"end", static_cast<double>(time.end) / rate}});
  if (routing_)
    line["routing"] = bands_json(speech_bands(log, times, codec.hop), [&](int64_t frame) {
      return static_cast<double>(frame * codec.hop) / rate;
    });
  call.out().write(line);
}

int SpeakVerb::run(Invocation& call) {
  set_threads(1);  // one word after the other; more threads would wait for each other
  check(call);
  Voices voices(model_);
  if (!model_.empty()) voices.for_text("", "");  // a bad folder is one error, not one an item
  call.begin();
  const uint64_t seed = call.common().seed;
  if (input_.empty()) {
    say({Json(), text_, speaker_, voice_, seed, outputs_}, voices, call);
    return kExitDone;
  }
  const int failed = for_each_item(input_, call, [&](const JsonRecord& record, const Json& id) {
    say(item_of(record, id, seed), voices, call);
  });
  return failed > 0 ? kExitFailed : kExitDone;
}

}  // namespace

std::unique_ptr<Verb> make_speak_verb() {
  return std::make_unique<SpeakVerb>();
}

}  // namespace conclave
