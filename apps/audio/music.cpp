#include <fmt/format.h>
#include <fmt/ranges.h>

#include "apps/audio/batch.h"
#include "apps/audio/music_work.h"
#include "apps/audio/verbs.h"
#include "apps/common/app.h"
#include "framework/base/error.h"
#include "framework/base/random.h"
#include "framework/base/signals.h"
#include "framework/base/stopwatch.h"
#include "framework/media/musical_key.h"
#include "framework/tensor/device.h"

namespace conclave {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kMostMusicBars = 4096;
constexpr int kMostDrafts = 64;  // of which one is in the mode that is asked for

struct MusicItem {
  Json id;
  uint64_t seed = 0;
  int64_t bars = 16;
  std::string key;
  std::vector<fs::path> out;
};

// New pieces out of nothing.
class MusicVerb : public Verb {
 public:
  std::string name() const override { return "music"; }
  std::string summary() const override { return "Make a new piece of music as MIDI and sound"; }
  std::string examples() const override {
    return "conclave-audio music --seed 1 --bars 16 -o a.mid -o a.wav\n"
           "conclave-audio music --chords \"Am Dm G7:2 C:2 F\" -o b.mid\n"
           "conclave-audio music --style tune --key D --input pieces.jsonl --json";
  }
  void declare(Options& options) override {
    options_.declare(options);
    options.add("bars", bars_, "Bars of four quarter notes").range(1, kMostMusicBars);
    options.add("key", key_,
                "Key of the piece: C, F#, Bb, with m for minor: Am. It is moved there; drawn anew until the "
                "mode is right");
    options
        .add("input", input_,
             "JSON lines, a piece each: {\"id\", \"seed\", \"bars\", \"key\", \"out\": [files]}, or a .csv "
             "with "
             "such columns; what an item does not say is as on the command line")
        .existing();
  }
  int run(Invocation& call) override;

 private:
  MusicItem item_of(const JsonRecord& record, const Json& id, uint64_t seed) const;
  Json make(const MusicModel& model, const MusicItem& item) const;

  MusicOptions options_;
  int64_t bars_ = 16;
  std::string key_;
  fs::path input_;
};

MusicItem MusicVerb::item_of(const JsonRecord& record, const Json& id, uint64_t seed) const {
  MusicItem item{id, seed, bars_, key_, {}};
  if (record.has("seed")) item.seed = static_cast<uint64_t>(record.integer("seed"));
  if (record.has("bars")) item.bars = record.integer("bars");
  if (record.has("key")) item.key = record.text("key");
  if (!item.key.empty() && !options_.chords.empty())
    record.fail("'key' and --chords: chords tell the key themselves");
  if (item.bars < 1 || item.bars > kMostMusicBars)
    record.fail(fmt::format("'bars' is {}: must be from 1 to {}", item.bars, kMostMusicBars));
  const Json out = record.json().value("out", Json::array());
  for (const auto& file : out.is_array() ? out : Json::array({out})) {
    if (!file.is_string()) record.fail("'out' holds what is no name of a file");
    item.out.emplace_back(file.get<std::string>());
  }
  return item;
}

Json MusicVerb::make(const MusicModel& model, const MusicItem& item) const {
  const Stopwatch watch;
  MusicRequest request;
  request.style = model.style;
  request.sampling = options_.sampling();
  request.seed = item.seed;
  request.progress = [](int64_t) { throw_if_interrupted(); };
  request.frames.resize(
      static_cast<size_t>(item.bars * model.format.beats_per_bar * model.format.frames_per_beat));
  request.tries = options_.tries;
  options_.wish_chords(request.frames, 0, model.format);
  PianoRoll roll = make_music(*model.lm, request);
  MusicalKey key = find_key(roll);
  if (!item.key.empty()) {
    const MusicalKey wanted = parse_key(item.key);
    const auto moved = [&] {
      const int by = semitones_between(key.tonic, wanted.tonic);
      return key.minor == wanted.minor &&
             (transpose(roll, by) || transpose(roll, by > 0 ? by - 12 : by + 12));
    };
    for (int draft = 1; !moved(); ++draft) {
      require(draft < kMostDrafts, "none of {} drafts can be moved to --key {}: try another seed",
              kMostDrafts, item.key);
      request.seed = item.seed ^ fnv1a(fmt::format("draft {}", draft));
      roll = make_music(*model.lm, request);
      key = find_key(roll);
    }
    key = find_key(roll);
  }
  const double made = watch.seconds();
  const MidiFile midi = midi_of(roll, model.format);
  write_music(midi, options_, item.out);
  Json files = Json::array();
  for (const auto& file : item.out) files.push_back(file.string());
  Json line = Json::object();
  if (!item.id.is_null()) line["id"] = item.id;
  line.update({{"seed", item.seed},
               {"bars", item.bars},
               {"notes", midi.notes.size()},
               {"seconds", midi.seconds(midi.length())},
               {"key", key_name(key)},
               {"out", files},
               {"made_s", made}});
  if (options_.routing) line["routing"] = music_routing(model, midi);
  return line;
}

int MusicVerb::run(Invocation& call) {
  set_threads(call.common().threads);
  options_.check();
  options_.check_routing(call.json());
  if (!key_.empty()) parse_key(key_);
  require<UsageError>(key_.empty() || options_.chords.empty(),
                      "--key and --chords: chords tell the key themselves");
  require<UsageError>(!options_.out.empty() || !input_.empty(),
                      "where to? -o FILE.mid, -o FILE.wav, or --input");
  require<UsageError>(options_.out.empty() || input_.empty(),
                      "--out and --input: each line says its own files");
  const MusicModel model = MusicModel::open(options_);
  auto& history = call.history();
  const auto tell = [&](const Json& line) {
    for (const auto& file : line.at("out")) history.output(file.get<std::string>(), "music");
    if (call.json())
      call.out().write(line);
    else
      fmt::print("{} notes, {:.0f} s, {}: {}\n", line.at("notes").get<int64_t>(),
                 line.at("seconds").get<double>(), line.at("key").get<std::string>(),
                 fmt::join(line.at("out").get<std::vector<std::string>>(), " "));
  };
  if (input_.empty()) {
    tell(make(model, {{}, call.common().seed, bars_, key_, options_.out}));
    return kExitDone;
  }
  const int failed = for_each_item(input_, call, [&](const JsonRecord& record, const Json& id) {
    const MusicItem item = item_of(record, id, call.common().seed);
    MusicOptions own = options_;
    own.out = item.out;
    own.check();
    tell(make(model, item));
  });
  return failed > 0 ? kExitFailed : kExitDone;
}

}  // namespace

std::unique_ptr<Verb> make_music_verb() {
  return std::make_unique<MusicVerb>();
}

}  // namespace conclave
