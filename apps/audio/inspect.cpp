#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "apps/audio/music_view.h"
#include "apps/audio/music_work.h"
#include "apps/audio/sound_model.h"
#include "apps/audio/sound_view.h"
#include "apps/audio/verbs.h"
#include "apps/audio/voices.h"
#include "apps/common/app.h"
#include "datasets/music_set.h"
#include "framework/base/error.h"
#include "framework/media/loudness.h"
#include "framework/media/musical_key.h"
#include "framework/media/sound.h"
#include "framework/tensor/device.h"
#include "models/audio/codec.h"
#include "models/audio/music/music_model.h"
#include "models/checkpoint/kinds.h"
#include "models/checkpoint/summary.h"

namespace conclave {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kFramesShown = 256;

// What a data set, a MIDI file, a sound or a model of notes holds, and where a model sends notes and frames
// of speech.
class InspectVerb : public Verb {
 public:
  std::string name() const override { return "inspect"; }
  std::string summary() const override {
    return "What a data set, a piece, a sound or a model holds; routing over time and spectrograms as "
           "pictures";
  }
  std::string examples() const override {
    return "conclave-audio inspect --dataset jsb --data DIR/music --split test\n"
           "conclave-audio inspect --model runs/music\n"
           "conclave-audio inspect --midi in.mid --picture routing.png\n"
           "conclave-audio inspect --sound in.mp3 --picture spectrogram.png\n"
           "conclave-audio inspect --text \"0 1 2\" --speaker theo --picture speech.png";
  }
  bool recorded() const override { return false; }
  void declare(Options& options) override {
    options.add("dataset", dataset_, "Data set to count").choices(music_set_names());
    options.add("data", data_, "Folder of the music data sets").existing();
    options.add("split", split_, "Split").choices({"train", "valid", "test"});
    options.add("midi", midi_, "MIDI file or MusicXML score to look at").existing();
    options.add("sound", sound_, "Sound file to look at").existing();
    options.add("text", text_, "With --picture: what is said for it");
    options.add("speaker", speaker_, "With --text: whose voice; the model's first without it");
    options.add(
        "picture", picture_,
        "PNG to write: of --midi the notes and their routing over time, of --sound the spectrogram, of "
        "--text both");
    options.add("style", style_, "Whose shipped model draws the picture").choices({"chorale", "tune"});
    options
        .add("model", model_,
             "Model of notes or published model of sound to look at, or to draw the picture with; with "
             "--text a voice")
        .existing();
  }
  int run(Invocation& call) override;

 private:
  void show_set(Invocation& call) const;
  void show_midi(Invocation& call) const;
  void show_sound(Invocation& call) const;
  void show_speech(Invocation& call) const;
  void show_model(Invocation& call) const;
  void show_published(Invocation& call) const;

  std::string dataset_, split_ = "test", style_ = "chorale", text_, speaker_;
  fs::path data_, midi_, sound_, picture_, model_;
};

void InspectVerb::show_set(Invocation& call) const {
  const MusicSet set = load_music_set(dataset_, data_, split_);
  std::map<size_t, int64_t> voices;
  int64_t notes = 0;
  int lowest = kHighestKey, highest = kLowestKey;
  for (const auto& piece : set.pieces) {
    for (const auto& chord : piece.frames) {
      ++voices[chord.size()];
      notes += std::ssize(chord);
      if (!chord.empty()) lowest = std::min(lowest, chord.front()), highest = std::max(highest, chord.back());
    }
  }
  if (call.json()) {
    Json counts = Json::object();
    for (const auto& [count, frames] : voices) counts[std::to_string(count)] = frames;
    call.out().write({{"dataset", set.name},
                      {"split", set.split},
                      {"pieces", set.pieces.size()},
                      {"frames", set.frames()},
                      {"notes", notes},
                      {"lowest", lowest},
                      {"highest", highest},
                      {"frames_by_notes", counts}});
    return;
  }
  fmt::print("{} {}: {} pieces, {} frames, {} notes from MIDI key {} to {}\n", set.name, set.split,
             set.pieces.size(), set.frames(), notes, lowest, highest);
  for (const auto& [count, frames] : voices) fmt::print("  {} frames with {} notes\n", frames, count);
}

void InspectVerb::show_midi(Invocation& call) const {
  const MidiFile midi = read_notes(midi_);
  constexpr int kFramesPerBeat = 4;
  const std::string key = key_name(find_key(roll_of(midi, kFramesPerBeat, midi_.string())));
  const double tempo =
      midi.tempos.empty() ? 120 : 60e6 / static_cast<double>(midi.tempos.front().microseconds);
  int tracks = 0;
  for (const auto& note : midi.notes) tracks = std::max(tracks, note.track + 1);
  if (call.json())
    call.out().write({{"midi", midi_.string()},
                      {"notes", midi.notes.size()},
                      {"tracks", tracks},
                      {"seconds", midi.seconds(midi.length())},
                      {"tempo", tempo},
                      {"key", key}});
  else
    fmt::print("{}: {} notes in {} tracks, {:.1f} s, {:.0f} quarter notes a minute, {}\n", midi_.string(),
               midi.notes.size(), tracks, midi.seconds(midi.length()), tempo, key);
  if (picture_.empty()) return;
  MusicOptions options;
  options.model = model_;
  options.style = style_;
  const MusicModel model = MusicModel::open(options);
  const PianoRoll roll = roll_of(midi, model.format.frames_per_beat, midi_.string());
  if (roll.frames.empty()) throw DataError(midi_.string(), "", "holds no note to draw");
  draw_music_routing(*model.lm, model.style, roll, kFramesShown, picture_);
}

void InspectVerb::show_sound(Invocation& call) const {
  const SoundInfo info = SoundReader(sound_).info();
  const Sound sound = load_sound(sound_);
  const Loudness loudness = measure_loudness(sound.samples_N, sound.sample_rate);
  const double peak_db = 20 * std::log10(std::max(loudness.true_peak, 1e-10));
  if (call.json())
    call.out().write({{"sound", sound_.string()},
                      {"seconds", sound.seconds()},
                      {"sample_rate", info.sample_rate},
                      {"channels", info.channels},
                      {"loudness_lufs", loudness.integrated ? Json(*loudness.integrated) : Json()},
                      {"true_peak_db", peak_db}});
  else
    fmt::print("{}: {:.2f} s, {} channels at {} Hz, {}, true peak {:.1f} dB\n", sound_.string(),
               sound.seconds(), info.channels, info.sample_rate,
               loudness.integrated ? fmt::format("{:.1f} LUFS", *loudness.integrated) : "silence", peak_db);
  if (!picture_.empty()) draw_sound(sound.samples_N, sound.sample_rate, picture_);
}

void InspectVerb::show_speech(Invocation& call) const {
  require<UsageError>(!picture_.empty(), "--text: --picture is missing");
  set_threads(1);
  Voices voices(model_);
  const OpenVoice& voice = voices.for_text(text_, speaker_);
  const auto& speech = *voice.speech;
  const auto& codec = *voice.codec.codec;
  RoutingLog log;
  SpeakOptions options;
  options.seed = call.common().seed;
  options.speaker = find_speaker(speech, speaker_);
  options.log = &log;
  options.pronounce = voice.pronounce;
  options.temperature = speech.temperature;
  options.guidance = speech.guidance;
  std::vector<at::Tensor> pieces;
  int64_t samples = 0;
  const auto words =
      speak(speech, codec, read_words(speech, text_), options, [&](const at::Tensor& samples_N) {
        pieces.push_back(samples_N);
        samples += samples_N.size(0);
        return static_cast<double>(samples) < kSecondsDrawn * static_cast<double>(codec.sample_rate);
      });
  draw_speech(at::cat(pieces), codec, words, log, picture_);
}

// A published model of sound: a codec, or a language model over one.
void InspectVerb::show_published(Invocation& call) const {
  const CheckpointFolder folder = open_checkpoint(model_);
  Json told = {{"model", model_.string()}, {"architecture", folder.architecture->name}};
  if (is_codec(folder.config)) {
    const auto codec = std::static_pointer_cast<Codec>(shaped(folder, make_kind));
    told.update({{"parameters", count_parameters(*codec)},
                 {"sample_rate", codec->sample_rate},
                 {"samples_of_a_frame", codec->hop},
                 {"books", codec->books},
                 {"book_size", codec->book_size},
                 {"bits_per_second", codec->bits_per_second(codec->books)}});
  } else {
    told.update(summarise_checkpoint(folder));
  }
  if (call.json()) return call.out().write(told);
  for (const auto& [key, value] : told.items())
    fmt::print("{}: {}\n", key, value.is_string() ? value.get<std::string>() : value.dump());
}

void InspectVerb::show_model(Invocation& call) const {
  const bool notes =
      fs::exists(model_ / "config.json") &&
      read_json(model_ / "config.json").value("architectures", Json()) == Json{"ConclaveMusic"};
  if (!notes) return show_published(call);
  const auto model = load_music_lm(model_);
  const int64_t parameters = count_parameters(*model);
  std::map<std::string, int64_t> layers;
  const auto name_of = [](const Ptr<Layer>& moe) {
    return moe ? fmt::format("{} experts, {} null, {} shared", moe->experts->count(), moe->nulls,
                             moe->shared.size())
               : std::string("dense");
  };
  for (const auto& block : model->frames->layers) ++layers["time: " + name_of(block->moe)];
  for (const auto& block : model->voices) ++layers["chord: " + name_of(block->moe)];
  if (call.json()) {
    call.out().write({{"model", model_.string()},
                      {"parameters", parameters},
                      {"styles", model->styles},
                      {"frames_per_beat", model->config.at("frames_per_beat")},
                      {"layers", layers}});
    return;
  }
  fmt::print("{}: {} parameters\n", model_.string(), parameters);
  for (const auto& [name, count] : layers) fmt::print("  {} layers, {}\n", count, name);
}

int InspectVerb::run(Invocation& call) {
  require<UsageError>(
      !dataset_.empty() || !midi_.empty() || !sound_.empty() || !text_.empty() || !model_.empty(),
      "what is to be looked at? --dataset, --midi, --sound, --text or --model");
  require<UsageError>(dataset_.empty() || !data_.empty(), "--dataset {}: --data is missing", dataset_);
  require<UsageError>(picture_.empty() || !midi_.empty() + !sound_.empty() + !text_.empty() == 1,
                      "--picture: exactly one of --midi, --sound and --text is needed");
  if (!dataset_.empty()) show_set(call);
  if (!midi_.empty()) show_midi(call);
  if (!sound_.empty()) show_sound(call);
  if (!text_.empty()) show_speech(call);
  if (midi_.empty() && text_.empty() && !model_.empty()) show_model(call);
  return kExitDone;
}

}  // namespace

std::unique_ptr<Verb> make_inspect_verb() {
  return std::make_unique<InspectVerb>();
}

}  // namespace conclave
