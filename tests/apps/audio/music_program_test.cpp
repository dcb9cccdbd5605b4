// Music with conclave-audio from end to end: train, score, make, go on, harmonise, fill in, and what is
// refused.
#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <sstream>

#include "apps/common/app.h"
#include "framework/base/file.h"
#include "framework/base/json.h"
#include "framework/media/midi_file.h"
#include "framework/media/musicxml_file.h"
#include "framework/tensor/safetensors.h"
#include "testing/matlab_bytes.h"
#include "testing/process.h"
#include "testing/testing.h"

namespace conclave {
namespace {

using ::testing::HasSubstr;
using testing::Outcome;
namespace fs = std::filesystem;

const char* kRecipe = R"({"name": "tiny",
  "model": {"architectures": ["ConclaveMusic"], "styles": ["chorale"], "frames_per_beat": 1, "ranks": 3,
            "frames": {"width": 16, "layers": 1, "heads": 2, "ffn": {"hidden": 16}},
            "voices": {"moe": {"experts": {"kind": "gated_ffn", "count": 2, "hidden": 8}, "nulls": 1,
                               "router": {"select": {"kind": "top_p", "p": 0.7}}}}},
  "data": [{"set": "jsb", "style": "chorale"}],
  "train": {"steps": 4, "batch": 2, "evaluate_every": 2, "checkpoint_every": 2, "ema_decay": 0.5}})";

std::string piano_roll(int frames, int shift) {
  std::vector<double> cells(static_cast<size_t>(frames) * 88);
  for (const int key : {20, 27, 32, 39})
    for (int f = 0; f < frames; ++f) cells[static_cast<size_t>((key + shift + f % 3) * frames + f)] = 1;
  return testing::matlab_matrix(6, {static_cast<uint32_t>(frames), 88}, "", testing::matlab_doubles(cells));
}

Outcome audio(std::vector<std::string> words) {
  words.insert(words.begin(), "conclave-audio");
  words.insert(words.end(), {"--no-history", "--threads", "1"});
  return testing::run_program(words);
}

Json last_line(const Outcome& done) {
  Json last;
  std::istringstream in(done.out);
  for (std::string line; std::getline(in, line);) last = parse_json(line, "stdout");
  return last;
}

class AudioMusic : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    dir_ = std::make_unique<testing::TempDir>();
    std::string file = testing::matlab_header();
    for (const char* split : {"traindata", "validdata", "testdata"})
      file += testing::matlab_matrix(1, {1, 2}, split, piano_roll(9, 0) + piano_roll(6, 5));
    write_file(at("JSB_Chorales.mat"), file);
    write_file(at("recipe.json"), kRecipe);
    trained_ =
        audio({"train", "--recipe", at("recipe.json"), "--data", at(""), "--out", at("model"), "--json"});
    MidiFile tune;
    tune.division = 96;
    for (int i = 0; i < 8; ++i) tune.notes.push_back({i * 96, i == 3 ? 48 : 96, 72 + i % 3, 90, 0, 0});
    tune.notes.push_back({96 * 3 + 48, 48, 70, 90, 0, 0});  // an eighth note within a frame
    write_file(at("tune.mid"), write_midi(tune));
  }
  static void TearDownTestSuite() { dir_.reset(); }
  static std::string at(const std::string& name) { return (dir_->path() / name).string(); }
  static std::vector<MidiNote> notes_of(const std::string& name) {
    return read_midi(read_file(at(name)), name).notes;
  }

  static std::unique_ptr<testing::TempDir> dir_;
  static Outcome trained_;
};

std::unique_ptr<testing::TempDir> AudioMusic::dir_;
Outcome AudioMusic::trained_;

TEST_F(AudioMusic, TrainsAndScores) {
  ASSERT_EQ(trained_.code, kExitDone) << trained_.err;
  const auto scored = audio({"eval", "--task", "music-nll", "--dataset", "jsb", "--data", at(""), "--model",
                             at("model"), "--protocol", "factored", "--json"});
  ASSERT_EQ(scored.code, kExitDone) << scored.err;
  const Json line = last_line(scored);
  EXPECT_EQ(line.at("frames"), 15);
  EXPECT_GT(line.at("nll").get<double>(), 0);
  EXPECT_EQ(line.at("load").at("0").size(), 3u);  // two experts and a null one
  EXPECT_GE(line.at("null_rate").get<double>(), 0);
  const auto keys = audio({"eval", "--task", "music-nll", "--dataset", "jsb", "--data", at(""), "--model",
                           at("model"), "--protocol", "sigmoid", "--json"});
  EXPECT_GT(last_line(keys).at("nll").get<double>(), 0);
}

TEST_F(AudioMusic, GoesOnOnlyWithItsRecipe) {
  Json other = Json::parse(kRecipe);
  other["train"]["steps"] = 8;
  write_file(at("other.json"), other.dump());
  const auto refused =
      audio({"train", "--recipe", at("other.json"), "--data", at(""), "--out", at("model"), "--json"});
  EXPECT_EQ(refused.code, kExitUsage);
  EXPECT_THAT(refused.err, HasSubstr("begun with another recipe"));
}

TEST_F(AudioMusic, DenseSpecialistsBecomeExperts) {
  const auto train = [&](const Json& recipe, const std::string& out, const std::vector<std::string>& from) {
    write_file(at("stage.json"), recipe.dump());
    std::vector<std::string> words = {"train", "--recipe", at("stage.json"), "--data",
                                      at(""),  "--out",    at(out)};
    for (const auto& one : from) words.insert(words.end(), {"--from", at(one)});
    return audio(words);
  };
  Json dense = Json::parse(kRecipe);
  dense["weights"] = "float32";
  dense["model"]["voices"] = {{"ffn", {{"hidden", 8}}}};
  for (const char* out : {"first", "second"}) {
    dense["train"]["schedule"] = {{"kind", "constant"}, {"peak", out == std::string("first") ? 0.001 : 0.01}};
    const auto done = train(dense, out, {});
    ASSERT_EQ(done.code, kExitDone) << done.err;
  }
  Json merged = Json::parse(kRecipe);
  merged["weights"] = "float32";
  merged["trains"] = {".router."};
  merged["losses"] = {{{"kind", "switch_balance"}, {"weight", 0.01}}};
  merged["anneal"] = 0.1;
  merged["train"].erase("ema_decay");
  const auto done = train(merged, "merged", {"first", "second"});
  ASSERT_EQ(done.code, kExitDone) << done.err;
  const Safetensors first(at("first")), second(at("second")), both(at("merged"));
  const Tensor bank =
      both.tensor("voices.0.mlp.experts.w1");  // only routers learn, so experts are what they were
  EXPECT_TRUE(bank[0].equal(first.tensor("voices.0.mlp.gate_proj.weight")));
  EXPECT_TRUE(bank[1].equal(second.tensor("voices.0.mlp.gate_proj.weight")));
  EXPECT_FALSE(bank[0].equal(bank[1]));
  merged.erase("trains");
  const auto joint = train(merged, "joint", {"merged"});
  ASSERT_EQ(joint.code, kExitDone) << joint.err;
  EXPECT_FALSE(Safetensors(at("joint")).tensor("voices.0.mlp.experts.w1").equal(bank));
  merged["trains"] = {"nothing"};
  EXPECT_THAT(train(merged, "never", {"merged"}).err, HasSubstr("no weight's name holds nothing"));
  merged.erase("trains");
  merged["model"]["styles"] = {"tune"};
  merged["data"][0]["style"] = "tune";
  EXPECT_THAT(train(merged, "never", {"first"}).err, HasSubstr("other styles"));
}

TEST_F(AudioMusic, ThePieceOfASeedAloneAndInABatch) {
  const auto alone = audio({"music", "--model", at("model"), "--seed", "5", "--bars", "2", "-o", at("a.mid"),
                            "-o", at("a.wav"), "--renderer", "builtin", "--sample-rate", "8000", "--json"});
  ASSERT_EQ(alone.code, kExitDone) << alone.err;
  EXPECT_GT(fs::file_size(at("a.wav")), 8000u);
  const std::string lines = Json{{"id", "x"}, {"seed", 4}, {"bars", 3}, {"out", at("b.mid")}}.dump() +
                            "\n{broken\n" + Json{{"id", "y"}, {"seed", 5}, {"out", {at("c.mid")}}}.dump() +
                            "\n";
  write_file(at("items.jsonl"), lines);
  const auto batch =
      testing::run_program({"conclave-audio", "music", "--model", at("model"), "--bars", "2", "--input",
                            at("items.jsonl"), "--json", "--no-history", "--threads", "3"});
  EXPECT_EQ(batch.code, kExitFailed);  // one line is no item
  EXPECT_THAT(batch.out, HasSubstr("\"error\""));
  EXPECT_EQ(last_line(batch).at("id"), "y");
  EXPECT_EQ(read_file(at("a.mid")), read_file(at("c.mid")));
  EXPECT_NE(read_file(at("a.mid")), read_file(at("b.mid")));
}

TEST_F(AudioMusic, GivenNotesAreKept) {
  const auto given = notes_of("tune.mid");
  const auto keeps_all = [&](const std::string& file) {
    const auto made = notes_of(file);
    for (const auto& note : given)
      EXPECT_TRUE(std::any_of(made.begin(), made.end(),
                              [&](const MidiNote& other) {
                                return other.start == note.start && other.length == note.length &&
                                       other.key == note.key;
                              }))
          << file << " lacks " << note.key << " at " << note.start;
    return made;
  };
  ASSERT_EQ(
      audio({"continue", at("tune.mid"), "--model", at("model"), "--bars", "2", "-o", at("on.mid")}).code,
      kExitDone);
  keeps_all("on.mid");
  const auto set = audio({"continue", at("tune.mid"), "--model", at("model"), "--harmonise", "--tries", "4",
                          "-o", at("set.mid"), "--json"});
  ASSERT_EQ(set.code, kExitDone) << set.err;
  const auto made = keeps_all("set.mid");
  for (const auto& note : made) EXPECT_LT(note.key, 75);
  const auto filled = audio({"continue", at("tune.mid"), "--model", at("model"), "--infill", "2,2", "--tries",
                             "4", "-o", at("fill.mid")});
  ASSERT_EQ(filled.code, kExitDone) << filled.err;
  const auto notes = notes_of("fill.mid");
  EXPECT_EQ(std::count_if(notes.begin(), notes.end(), [](const MidiNote& n) { return n.start < 4 * 96; }), 5);
}

TEST_F(AudioMusic, ScoresAreReadAndWritten) {
  const auto on = audio({"continue", at("tune.mid"), "--model", at("model"), "--bars", "2", "-o",
                         at("on.mid"), "-o", at("on.musicxml")});
  ASSERT_EQ(on.code, kExitDone) << on.err;
  const MidiFile score = read_musicxml(read_file(at("on.musicxml")), "on.musicxml");
  EXPECT_EQ(score.keys, read_midi(read_file(at("on.mid")), "on.mid").keys);
  ASSERT_EQ(score.keys.size(), 1u);
  ASSERT_EQ(score.notes.size(), notes_of("on.mid").size());
  const auto set = audio({"continue", at("on.musicxml"), "--model", at("model"), "--harmonise", "--tries",
                          "4", "-o", at("set.musicxml"), "--json"});
  ASSERT_EQ(set.code, kExitDone) << set.err;
  EXPECT_EQ(last_line(set).at("given_notes"), score.notes.size());
  write_file(at("bad.musicxml"), "<score-partwise><part");
  const auto bad = audio({"continue", at("bad.musicxml"), "--model", at("model"), "-o", at("never.mid")});
  EXPECT_EQ(bad.code, kExitFailed);
  EXPECT_THAT(bad.err, HasSubstr("bad.musicxml"));
  EXPECT_EQ(audio({"music", "--model", at("model"), "-o", at("a.mxl")}).code, kExitUsage);
}

TEST_F(AudioMusic, TheKeyAndItsMode) {
  for (const auto& [name, key] : std::map<std::string, std::string>{{"Eb", "Eb major"}, {"Fm", "F minor"}}) {
    const auto made = audio({"music", "--model", at("model"), "--seed", "3", "--bars", "2", "--key", name,
                             "-o", at("key.mid"), "--json"});
    ASSERT_EQ(made.code, kExitDone) << made.err;
    EXPECT_EQ(last_line(made).at("key"), key);
  }
}

TEST_F(AudioMusic, KeepsToNamedChords) {
  const auto made = audio({"music", "--model", at("model"), "--bars", "2", "--chords", "C:2 Am G7:5",
                           "--tries", "8", "--temperature", "3", "--top-p", "1", "-o", at("chords.mid")});
  ASSERT_EQ(made.code, 0) << made.err;
  const MidiFile midi = read_midi(read_file(at("chords.mid")), "chords.mid");
  ASSERT_FALSE(midi.notes.empty());
  const std::set<int> c = {0, 4, 7}, a_minor = {9, 0, 4}, g7 = {7, 11, 2, 5};
  for (const auto& note : midi.notes) {
    const int64_t beat = note.start / midi.division;
    const auto& wanted = beat < 2 ? c : beat < 6 ? a_minor : g7;
    EXPECT_TRUE(wanted.contains(note.key % 12)) << "key " << note.key << " on beat " << beat;
  }
  const auto set = audio({"continue", at("tune.mid"), "--harmonise", "--model", at("model"), "--chords", "Dm",
                          "--tries", "4", "-o", at("set.mid")});
  ASSERT_EQ(set.code, 0) << set.err;
  const auto notes = read_midi(read_file(at("set.mid")), "set.mid").notes;
  int voices = 0;  // the last track; the tune is on the one before it
  for (const auto& note : notes) voices = std::max(voices, note.track);
  for (const auto& note : notes) {
    if (note.track < voices) continue;
    EXPECT_TRUE((std::set<int>{2, 5, 9}).contains(note.key % 12)) << note.key;
  }
  EXPECT_EQ(audio({"music", "--model", at("model"), "--chords", "C H", "-o", at("x.mid")}).code, kExitUsage);
  EXPECT_EQ(audio({"music", "--model", at("model"), "--chords", " ", "-o", at("x.mid")}).code, kExitUsage);
  EXPECT_EQ(audio({"music", "--model", at("model"), "--chords", "C", "--key", "D", "-o", at("x.mid")}).code,
            kExitUsage);
}

TEST_F(AudioMusic, StyleBesideTheDataSet) {
  const auto scored = audio({"eval", "--task", "music-style", "--dataset", "jsb", "--data", at(""), "--model",
                             at("model"), "--split", "test", "--json"});
  ASSERT_EQ(scored.code, kExitDone) << scored.err;
  const Json line = last_line(scored);
  EXPECT_EQ(line.at("pieces"), 2);
  const double cosine = line.at("chroma_cosine"), overlap = line.at("polyphony").at("overlapping_area");
  EXPECT_TRUE(cosine >= 0 && cosine <= 1) << cosine;
  EXPECT_TRUE(overlap >= 0 && overlap <= 1) << overlap;
  EXPECT_EQ(line.at("polyphony").at("real"), 4);
}

TEST_F(AudioMusic, RoutingAsAPicture) {
  const auto seen = testing::run_program({"conclave-audio", "inspect", "--midi", at("tune.mid"), "--model",
                                          at("model"), "--picture", at("r.png")});
  ASSERT_EQ(seen.code, kExitDone) << seen.err;
  EXPECT_EQ(read_file(at("r.png")).substr(1, 3), "PNG");
  const auto made = audio({"continue", at("tune.mid"), "--bars", "1", "--model", at("model"), "-o",
                           at("r.mid"), "--json", "--routing"});
  ASSERT_EQ(made.code, kExitDone) << made.err;
  const Json routing = parse_json(made.out, "stdout").at("routing");
  EXPECT_EQ(routing.at("times")[1], 0.5) << "a quarter note at 120 a minute";
  for (const Json& layer : routing.at("layers"))
    EXPECT_EQ(layer.at("weights").size() + 1, routing.at("times").size()) << layer.at("name");
  EXPECT_EQ(audio({"music", "--model", at("model"), "-o", at("r.mid"), "--routing"}).code, kExitUsage);
}

TEST_F(AudioMusic, WhatIsRefused) {
  const auto refuse = [&](const std::string& bytes, const std::string& why) {
    write_file(at("bad.mid"), bytes);
    const auto done = audio({"continue", at("bad.mid"), "--model", at("model"), "-o", at("never.mid")});
    EXPECT_EQ(done.code, kExitFailed) << why;
    EXPECT_THAT(done.err, HasSubstr(why));
    EXPECT_FALSE(fs::exists(at("never.mid")));
  };
  refuse("this is text", "is no MIDI file");
  refuse("", "is no MIDI file");
  refuse(read_file(at("tune.mid")).substr(0, 60), "cut off");
  MidiFile silent;
  refuse(write_midi(silent), "holds no note");
  MidiFile one;
  one.notes = {{0, 480, 60, 80, 0, 0}};
  one.tempos = {{0, 500000}};
  std::string still = write_midi(one);
  still.replace(still.find("\xff\x51\x03") + 3, 3, std::string(3, '\0'));
  refuse(still, "a tempo of 0");
  one.division = 1;
  one.notes[0].start = 200000;
  refuse(write_midi(one), "more than 100000");
  const auto usage = [&](std::vector<std::string> words, const std::string& why) {
    const auto done = audio(std::move(words));
    EXPECT_EQ(done.code, kExitUsage) << why;
    EXPECT_THAT(done.err, HasSubstr(why));
  };
  usage({"music", "--model", at("model")}, "where to?");
  usage({"music", "--model", at("model"), "-o", at("a.xyz")}, "xyz");
  usage({"music", "--model", at("model"), "--key", "H", "-o", at("a.mid")}, "no key 'H'");
  usage({"continue", at("tune.mid"), "--model", at("model"), "--infill", "9,9", "-o", at("a.mid")},
        "has 2 bars");
  usage({"continue", at("tune.mid"), "--model", at("model"), "--infill", "2,1", "-o", at("a.mid")},
        "--infill");
}

}  // namespace
}  // namespace conclave
