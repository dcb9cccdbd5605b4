#include "apps/audio/music_work.h"

#include <sstream>

#include "apps/audio/routing_bands.h"
#include "apps/common/shipped.h"
#include "framework/base/error.h"
#include "framework/base/file.h"
#include "framework/media/loudness.h"
#include "framework/media/musical_key.h"
#include "framework/media/musicxml_file.h"
#include "framework/media/sound_writer.h"
#include "models/audio/music/music_model.h"

namespace conclave {
namespace {

namespace fs = std::filesystem;

// How a style is played when nothing else is asked for.
struct Performance {
  const char *style, *shipped;
  Articulation articulation;
  double beats_per_minute;
  int beats_per_bar, program;  // General MIDI: 19 church organ, 0 piano
};
constexpr int64_t kMostRouted = 4096;  // frames
constexpr int kKeyFrames = 2;          // of a quarter note, in which the key is looked for
constexpr Performance kPerformances[] = {
    {"chorale", "music-chorales", Articulation::choral, 76, 4, 19},
    {"tune", "music-tunes", Articulation::held, 112, 4, 0},
};

const Performance& performance_of(const std::string& style) {
  for (const auto& performance : kPerformances)
    if (style == performance.style) return performance;
  throw UsageError(fmt::format("no style '{}' (allowed: chorale, tune)", style));
}

std::vector<NamedChord> read_chords(const std::string& names) {
  std::vector<NamedChord> chords;
  std::istringstream in(names);
  for (std::string name; in >> name;) chords.push_back(parse_chord(name));
  return chords;
}

double beats_of(const NamedChord& chord, const RollFormat& format) {
  return chord.beats > 0 ? chord.beats : format.beats_per_bar;
}

bool is_score(const fs::path& file) {
  const auto ending = file.extension();
  return ending == ".musicxml" || ending == ".xml" || ending == ".mxl";
}

}  // namespace

void MusicOptions::declare(Options& options) {
  options.add("out", out, "File to write: .mid, .musicxml, .wav, .flac, .opus, .ogg or .mp3; may be repeated")
      .letter('o');
  options.add("style", style, "Kind of music").choices({"chorale", "tune"});
  options.add("model", model, "Folder of the model (default: the shipped one of the style)").existing();
  options.add("temperature", temperature, "Below 1 the probable is preferred; 0 takes the most probable")
      .range(0, 10);
  options.add("top-p", top_p, "Notes are drawn from the smallest set that holds this probability")
      .range(0.01, 1);
  options.add("tries", tries, "Where given notes lie ahead: tries that are made side by side").range(1, 4096);
  options.add("chords", chords,
              "Chords of the notes that are made, a bar each or as long as they say: \"C Am F:2 G7:2\"; "
              "repeated to the "
              "end");
  options.add("routing", routing, "With --json: where the model sends each frame of the piece, by layer");
  options.add("tempo", tempo, "Quarter notes a minute (default: by the style)").range(0, 1000).group("Sound");
  options
      .add("renderer", renderer,
           "What makes the sound: FluidSynth where it is installed, or the built-in one")
      .choices({"any", "fluidsynth", "builtin"})
      .group("Sound");
  options.add("loudness", loudness, "LUFS of written sound (EBU R 128)").range(-70, -5).group("Sound");
  options.add("sample-rate", sample_rate, "Of written sound").range(8000, 192000).group("Sound");
}

void MusicOptions::check_routing(bool json) const {
  require<UsageError>(!routing || json, "--routing is told with --json");
}

Json music_routing(const MusicModel& model, const MidiFile& midi) {
  const int per_beat = model.format.frames_per_beat;
  const auto bands = music_bands(*model.lm, model.style, roll_of(midi, per_beat, "the piece"), kMostRouted);
  return bands_json(bands, [&](int64_t frame) { return midi.seconds(frame * midi.division / per_beat); });
}

void MusicOptions::check() const {
  for (const auto& file : out)
    if (!is_notes_file(file)) check_sound_name(file);
  for (const auto& file : out)
    require<UsageError>(file.extension() != ".mxl", "{}: packed scores are not written: call it .musicxml",
                        file.string());
  require<UsageError>(chords.empty() || !read_chords(chords).empty(), "--chords names no chord");
  require<UsageError>(tempo == 0 || tempo >= 4, "--tempo {}: must be 0 or from 4 to 1000", tempo);
}

void MusicOptions::wish_chords(std::vector<FrameWish>& frames, size_t first, const RollFormat& format) const {
  const auto progression = read_chords(chords);
  if (progression.empty()) return;
  double end = static_cast<double>(first);  // of the chord, in frames
  for (size_t at = first, next = 0; at < frames.size(); ++at) {
    while (static_cast<double>(at) >= end)
      end += beats_of(progression[next++ % progression.size()], format) * format.frames_per_beat;
    const NamedChord& chord = progression[(next - 1) % progression.size()];
    if (frames[at].chord) continue;
    frames[at].classes = chord.classes;
    frames[at].bass = chord.bass;
  }
}

MusicModel MusicModel::open(const MusicOptions& options) {
  const Performance& played = performance_of(options.style);
  MusicModel model;
  model.lm = load_music_lm(options.model.empty() ? shipped(played.shipped) : options.model);
  model.style = model.lm->style(options.style);
  model.format = {.frames_per_beat = model.lm->config.at("frames_per_beat").get<int>(),
                  .articulation = played.articulation,
                  .beats_per_minute = options.tempo > 0 ? options.tempo : played.beats_per_minute,
                  .beats_per_bar = played.beats_per_bar,
                  .program = played.program};
  return model;
}

bool is_notes_file(const fs::path& file) {
  return file.extension() == ".mid" || file.extension() == ".midi" || is_score(file);
}

MidiFile read_notes(const fs::path& file) {
  const std::string bytes = read_file(file, kLargestMidi);
  return is_score(file) ? read_musicxml(bytes, file.string()) : read_midi(bytes, file.string());
}

void write_music(const MidiFile& made, const MusicOptions& options, const std::vector<fs::path>& files) {
  MidiFile midi = made;
  if (midi.keys.empty()) {
    const MusicalKey key = find_key(roll_of(midi, kKeyFrames, "the music"));
    midi.keys.push_back({0, fifths_of(key), key.minor});
  }
  at::Tensor samples_N;  // rendered once, however many files hold it
  for (const auto& file : files) {
    if (is_notes_file(file)) {
      write_file(file, is_score(file) ? write_musicxml(midi) : write_midi(midi));
      continue;
    }
    if (!samples_N.defined()) {
      const Renderer renderer = options.renderer == "fluidsynth" ? Renderer::fluidsynth
                                : options.renderer == "builtin"  ? Renderer::builtin
                                                                 : Renderer::any;
      samples_N = normalise_loudness(render_midi(midi, options.sample_rate, renderer), options.sample_rate,
                                     {.target = options.loudness});
    }
    save_sound(file, samples_N, options.sample_rate);
  }
}

}  // namespace conclave
