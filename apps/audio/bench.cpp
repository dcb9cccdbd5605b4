#include <fmt/format.h>

#include "apps/audio/codec_bench.h"
#include "apps/audio/music_work.h"
#include "apps/audio/sound_bench.h"
#include "apps/audio/sound_model.h"
#include "apps/audio/verbs.h"
#include "apps/common/app.h"
#include "apps/common/shipped.h"
#include "framework/base/cpu_stopwatch.h"
#include "framework/base/process_memory.h"
#include "framework/base/signals.h"
#include "framework/base/stopwatch.h"
#include "framework/media/synthesizer.h"
#include "framework/score/median.h"
#include "framework/tensor/device.h"

namespace conclave {
namespace {

// How long music takes to be made. Notes are made on one thread whatever --threads says.
class BenchVerb : public Verb {
 public:
  std::string name() const override { return "bench"; }
  std::string summary() const override { return "Measure how quickly music and speech are made"; }
  std::string examples() const override {
    return "conclave-audio bench --bars 64 --json\n"
           "conclave-audio bench --part speech\n"
           "conclave-audio bench --part codec --codecs DIR/parity --peers scripts/audio-peers";
  }
  bool recorded() const override { return false; }
  void declare(Options& options) override {
    options.add("model", options_.model, "Folder of a model of notes (default: the shipped one)").existing();
    options.add("style", options_.style, "Whose shipped model").choices({"chorale", "tune"});
    options.add("part", part_, "What is measured; codec: published codecs, with --codecs")
        .choices({"all", "music", "speech", "codec"});
    options.add("codecs", codecs_.folder, "Folder with published codecs in dac-pth and encodec").existing();
    options.add("peers", codecs_.peers, "The program that measures their originals (scripts/audio-peers)");
    options.add("python", codecs_.python, "Python of the peers");
    options.add("voice", voice_, "Folder of a voice (default: the shipped ones, of digits and of any text)")
        .existing();
    options.add("bars", bars_, "Bars of four quarter notes").range(1, 4096);
    options.add("rounds", rounds_, "Times that everything is done; the median counts").range(1, 1000);
  }
  int run(Invocation& call) override {
    require<UsageError>(part_ != "codec" || !codecs_.folder.empty(), "--part codec: --codecs is missing");
    if (part_ == "all" || part_ == "music") music(call);
    if (part_ == "all" || part_ == "speech") {
      bench_speech(voice_folder(voice_), rounds_, call);
      if (voice_.empty()) bench_speech(shipped(kFreeTextVoice), rounds_, call);
    }
    codecs_.rounds = rounds_;
    if ((part_ == "all" || part_ == "codec") && !codecs_.folder.empty()) bench_codecs(codecs_, call);
    return kExitDone;
  }

 private:
  void music(Invocation& call);

  MusicOptions options_;
  std::string part_ = "all";
  CodecBench codecs_;
  std::filesystem::path voice_;
  int64_t bars_ = 64, rounds_ = 3;
};

void BenchVerb::music(Invocation& call) {
  set_threads(call.common().threads);
  const Stopwatch loading;
  const MusicModel model = MusicModel::open(options_);
  const double load_s = loading.seconds();
  MusicRequest request;
  request.style = model.style;
  request.progress = [](int64_t) { throw_if_interrupted(); };
  request.frames.resize(
      static_cast<size_t>(bars_ * model.format.beats_per_bar * model.format.frames_per_beat));
  std::vector<double> making, making_cpu, sounding;
  double seconds = 0;
  for (int64_t i = 0; i < rounds_; ++i) {
    request.seed = static_cast<uint64_t>(i);
    const Stopwatch notes;
    const CpuStopwatch notes_cpu;
    const PianoRoll roll = make_music(*model.lm, request);
    making.push_back(notes.seconds());
    making_cpu.push_back(notes_cpu.seconds());
    const MidiFile midi = midi_of(roll, model.format);
    const Stopwatch sound;
    synthesize(midi, options_.sample_rate);
    sounding.push_back(sound.seconds());
    seconds = midi.seconds(midi.length());
  }
  const double made = median(making), rendered = median(sounding);
  if (call.json())
    call.out().write({{"part", "music"},
                      {"style", options_.style},
                      {"bars", bars_},
                      {"rounds", rounds_},
                      {"load_s", load_s},
                      {"notes_s", made},
                      {"notes_cpu_s", median(making_cpu)},
                      {"synthesis_s", rendered},
                      {"music_s", seconds},
                      {"peak_memory", peak_memory()}});
  else
    fmt::print(
        "{} bars of {}: notes in {:.2f} s ({:.2f} s of processor time), {:.0f} s of sound by the built-in "
        "synthesiser in {:.2f} s; the model loads in {:.2f} s; {:.0f} MB\n",
        bars_, options_.style, made, median(making_cpu), seconds, rendered, load_s,
        static_cast<double>(peak_memory()) / 1e6);
}

}  // namespace

std::unique_ptr<Verb> make_bench_verb() {
  return std::make_unique<BenchVerb>();
}

}  // namespace conclave
