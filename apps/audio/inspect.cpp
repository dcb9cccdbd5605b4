#include <fmt/format.h>

#include <map>

#include "apps/audio/verbs.h"
#include "apps/common/app.h"
#include "datasets/poly_music.h"

namespace conclave {
namespace {

// What a data set holds.
class InspectVerb : public Verb {
 public:
  std::string name() const override { return "inspect"; }
  std::string summary() const override { return "What a music data set holds"; }
  std::string examples() const override {
    return "conclave-audio inspect --dataset jsb --data DIR/music --split test";
  }
  bool computes() const override { return false; }
  bool recorded() const override { return false; }
  void declare(Options& options) override {
    options.add("dataset", dataset_, "Data set").choices({"jsb", "nottingham"}).required();
    options.add("data", data_, "Folder of the music data sets").existing().required();
    options.add("split", split_, "Split").choices({"train", "valid", "test"});
  }
  int run(Invocation& call) override;

 private:
  std::string dataset_, split_ = "test";
  std::filesystem::path data_;
};

int InspectVerb::run(Invocation& call) {
  const MusicSet set = load_poly_music(dataset_, data_, split_);
  std::map<size_t, int64_t> voices;
  int64_t notes = 0;
  int lowest = kHighestKey, highest = kLowestKey;
  for (const auto& piece : set.pieces) {
    for (const auto& chord : piece.frames) {
      ++voices[chord.size()];
      notes += static_cast<int64_t>(chord.size());
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
    return kExitDone;
  }
  fmt::print("{} {}: {} pieces, {} frames, {} notes from MIDI key {} to {}\n", set.name, set.split,
             set.pieces.size(), set.frames(), notes, lowest, highest);
  for (const auto& [count, frames] : voices) fmt::print("  {} frames with {} notes\n", frames, count);
  return kExitDone;
}

}  // namespace

std::unique_ptr<Verb> make_inspect_verb() {
  return std::make_unique<InspectVerb>();
}

}  // namespace conclave
