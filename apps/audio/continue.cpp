#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <tuple>

#include "apps/audio/music_work.h"
#include "apps/audio/verbs.h"
#include "apps/common/app.h"
#include "framework/base/error.h"
#include "framework/base/signals.h"
#include "framework/base/stopwatch.h"
#include "framework/media/musical_key.h"
#include "framework/tensor/device.h"

namespace conclave {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kMostBars = 4096;

// Goes on with a piece, sets a tune for several voices, or fills bars in. Given notes stay as they are.
class ContinueVerb : public Verb {
 public:
  std::string name() const override { return "continue"; }
  std::string summary() const override { return "Go on with a piece, harmonise a tune, or fill bars in"; }
  std::string examples() const override {
    return "conclave-audio continue in.mid --bars 8 -o out.mid -o out.wav\n"
           "conclave-audio continue tune.mid --harmonise -o out.mid\n"
           "conclave-audio continue in.musicxml --infill 5,8 -o out.musicxml";
  }
  void declare(Options& options) override {
    options.positional("MIDI", input_, "The piece: .mid, .midi, .musicxml or .xml").required().existing();
    options_.declare(options);
    options.add("bars", bars_, "Bars of four quarter notes that are added").range(1, kMostBars);
    options.add("harmonise", harmonise_, "Keep the tune (the highest notes) and make the voices below it");
    options.add("infill", infill_,
                "Make these bars anew, first and last, counted from 1; the others are kept");
  }
  int run(Invocation& call) override;

 private:
  MidiFile work(const MusicModel& model, const MidiFile& given, const PianoRoll& roll, uint64_t seed) const;

  fs::path input_;
  MusicOptions options_;
  int64_t bars_ = 8;
  bool harmonise_ = false;
  std::vector<int64_t> infill_;
};

// Adds notes that were made on a grid to a piece with ticks of its own.
void add_notes(MidiFile& midi, const MidiFile& made, int64_t from_tick) {
  int track = 0;
  for (const auto& note : midi.notes) track = std::max(track, note.track + 1);
  for (MidiNote note : made.notes) {
    const int64_t begin = from_tick + note.start * midi.division / made.division;
    const int64_t end = from_tick + (note.start + note.length) * midi.division / made.division;
    note.start = begin;
    note.length = std::max<int64_t>(end - begin, 1);
    note.track = track;
    midi.notes.push_back(note);
  }
  std::sort(midi.notes.begin(), midi.notes.end(), [](const MidiNote& a, const MidiNote& b) {
    return std::tie(a.start, a.key, a.track) < std::tie(b.start, b.key, b.track);
  });
}

// The notes above which none sounds when they begin. `notes` are ordered by their start.
std::vector<MidiNote> highest_notes(const std::vector<MidiNote>& notes) {
  std::vector<MidiNote> kept, sounding;
  for (size_t i = 0; i < notes.size(); ++i) {
    const MidiNote& note = notes[i];
    if (i == 0 || notes[i - 1].start < note.start)
      std::erase_if(sounding, [&](const MidiNote& n) { return n.start + n.length <= note.start; });
    sounding.push_back(note);
    // Of notes that begin together, all have to be seen first.
    if (i + 1 < notes.size() && notes[i + 1].start == note.start) continue;
    const auto top = std::max_element(sounding.begin(), sounding.end(),
                                      [](const MidiNote& a, const MidiNote& b) { return a.key < b.key; });
    if (top->start == note.start) kept.push_back(*top);
  }
  return kept;
}

MidiFile ContinueVerb::work(const MusicModel& model, const MidiFile& given, const PianoRoll& roll,
                            uint64_t seed) const {
  const int64_t bar = int64_t{model.format.beats_per_bar} * model.format.frames_per_beat;
  MusicRequest request;
  request.style = model.style;
  request.sampling = options_.sampling();
  request.tries = options_.tries;
  request.seed = seed;
  request.progress = [](int64_t) { throw_if_interrupted(); };
  for (const auto& chord : roll.frames) {
    FrameWish wish;
    if (harmonise_ && !chord.empty())
      wish.top = chord.back();
    else
      wish.chord = chord;  // a rest of the tune is one of all voices
    request.frames.push_back(std::move(wish));
  }
  const auto length = std::ssize(roll.frames);
  int64_t first = length, last = length;
  if (!infill_.empty()) {
    first = (infill_[0] - 1) * bar;
    last = std::min(infill_[1] * bar, length);
    require<UsageError>(first < length, "--infill {},{}: the piece has {} bars", infill_[0], infill_[1],
                        (length + bar - 1) / bar);
    for (int64_t f = first; f < last; ++f) request.frames[static_cast<size_t>(f)] = {};
  } else if (!harmonise_) {
    last = length + bars_ * bar;
    request.frames.resize(static_cast<size_t>(last));
  }
  options_.wish_chords(request.frames, harmonise_ ? 0 : static_cast<size_t>(first), model.format);
  PianoRoll made = make_music(*model.lm, request);

  MidiFile result = given;
  const auto tick_of = [&](int64_t frame) { return frame * given.division / model.format.frames_per_beat; };
  if (harmonise_) {
    // The tune keeps its own rhythm; the voices below it are new.
    for (auto& chord : made.frames)
      if (!chord.empty()) chord.pop_back();
    result.notes = highest_notes(given.notes);
    add_notes(result, midi_of(made, model.format), 0);
    return result;
  }
  const auto begin = made.frames.begin();
  const PianoRoll fresh{{begin + first, begin + last}};
  if (!infill_.empty()) {
    const int64_t from = tick_of(first), to = tick_of(last);
    std::erase_if(result.notes, [&](const MidiNote& note) { return note.start >= from && note.start < to; });
    for (auto& note : result.notes)
      if (note.start < from) note.length = std::min(note.length, from - note.start);
  }
  add_notes(result, midi_of(fresh, model.format), tick_of(first));
  return result;
}

int ContinueVerb::run(Invocation& call) {
  set_threads(call.common().threads);
  options_.check();
  options_.check_routing(call.json());
  require<UsageError>(!options_.out.empty(), "where to? -o FILE.mid, -o FILE.wav");
  require<UsageError>(infill_.empty() || (infill_.size() == 2 && infill_[0] >= 1 &&
                                          infill_[0] <= infill_[1] && infill_[1] <= kMostBars),
                      "--infill: two numbers of bars, first and last, from 1 to {}", kMostBars);
  require<UsageError>(infill_.empty() || !harmonise_, "--infill and --harmonise: one of them");
  const MidiFile given = read_notes(input_);
  const MusicModel model = MusicModel::open(options_);
  const PianoRoll roll = roll_of(given, model.format.frames_per_beat, input_.string());
  const bool silent =
      std::all_of(roll.frames.begin(), roll.frames.end(), [](const Chord& c) { return c.empty(); });
  if (silent) throw DataError(input_.string(), "", "holds no note of a piano to go on from");
  auto& history = call.history();
  history.input(input_, "music");
  const Stopwatch watch;
  MidiFile midi = work(model, given, roll, call.common().seed);
  const double made = watch.seconds();
  if (options_.tempo > 0) midi.tempos = midi_of({}, model.format).tempos;
  write_music(midi, options_, options_.out);
  std::vector<std::string> files;
  for (const auto& file : options_.out) {
    files.push_back(file.string());
    history.output(file, "music");
  }
  const std::string key = key_name(find_key(roll));
  if (call.json()) {
    Json line = {{"input", input_.string()},
                 {"key", key},
                 {"given_notes", given.notes.size()},
                 {"notes", midi.notes.size()},
                 {"seconds", midi.seconds(midi.length())},
                 {"out", files},
                 {"made_s", made}};
    if (options_.routing) line["routing"] = music_routing(model, midi);
    call.out().write(line);
    return kExitDone;
  }
  fmt::print("{} notes, {} of them given, {}: {}\n", midi.notes.size(), given.notes.size(), key,
             fmt::join(files, " "));
  return kExitDone;
}

}  // namespace

std::unique_ptr<Verb> make_continue_verb() {
  return std::make_unique<ContinueVerb>();
}

}  // namespace conclave
