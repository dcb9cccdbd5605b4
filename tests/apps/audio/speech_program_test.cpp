// conclave-audio's speech from end to end: small models are trained on tones made here, then speak and code.
#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <sstream>

#include "apps/audio/phonemes.h"
#include "apps/audio/recogniser.h"
#include "apps/audio/recordings.h"
#include "apps/audio/speech_eval.h"
#include "framework/base/error.h"
#include "framework/base/file.h"
#include "framework/base/json.h"
#include "framework/media/loudness.h"
#include "framework/media/picture.h"
#include "framework/media/sound.h"
#include "framework/media/sound_codes_file.h"
#include "framework/media/sound_writer.h"
#include "testing/process.h"
#include "testing/testing.h"

namespace conclave {
namespace {

using ::testing::HasSubstr;
using testing::Outcome;
namespace fs = std::filesystem;

Tensor tone(double step, double seconds) {
  return at::sin(at::arange(static_cast<int64_t>(seconds * 8000), at::kFloat) * step) * 0.3;
}

std::string train_keys(int64_t steps) {
  return fmt::format(
      R"("train": {{"steps": {}, "batch": 2, "schedule": {{"kind": "constant", "peak": 0.001}}}})", steps);
}

class SpeechProgram : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    shared_ = std::make_unique<testing::TempDir>();
    for (int digit = 0; digit < 10; ++digit)
      for (const char* speaker : {"ann", "bob"})
        for (const int index : {0, 5, 10, 11})
          save_sound(at(fmt::format("fsdd/{}_{}_{}.wav", digit, speaker, index)),
                     tone(0.2 + 0.1 * digit + (speaker[0] == 'b' ? 0.05 : 0), 0.3 + 0.01 * index), 8000);
    write_file(at("codec.json"), R"({"name": "codec", "kind": "codec",
      "model": {"kind": "spectral", "width": 8, "latent": 4, "books": 3, "book_size": 16, "fine_blocks": 1,
                "coarse_blocks": 1},
      "task": {"frames": 8}, "sources": [{"kind": "fsdd", "split": "learning", "without": ["bob"]}],
      "validation": [{"kind": "fsdd", "split": "validation", "only": ["ann"]}], )" +
                                     train_keys(4) + "}");
    write_file(at("speech.json"), R"({"name": "speech", "kind": "speech",
      "model": {"kind": "speech", "words": ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight",
                "nine"], "speakers": ["ann", "bob"], "books": 2, "book_size": 16,
                "text": {"width": 16, "layers": 1, "heads": 2, "rope": {"theta": 10000}, "ffn": {"hidden": 16}}},
      "takes": 2, "sources": [{"kind": "fsdd", "split": "learning"}],
      "validation": [{"kind": "fsdd", "split": "validation"}], )" +
                                      train_keys(4) + "}");
    ran_ = run({"train", "--recipe", at("codec.json"), "--data", at(""), "--out", at("voice/codec")});
    if (ran_.code == 0)
      ran_ = run({"train", "--recipe", at("speech.json"), "--data", at(""), "--codec", at("voice/codec"),
                  "--out", at("voice/speech")});
  }
  static void TearDownTestSuite() { shared_.reset(); }
  void SetUp() override { ASSERT_EQ(ran_.code, 0) << ran_.err; }

  static std::string at(const std::string& name) { return (*shared_ / name).string(); }
  static Outcome run(std::vector<std::string> words) {
    words.insert(words.begin(), "conclave-audio");
    words.insert(words.end(), {"--no-history", "--threads", "1"});
    return testing::run_program(words);
  }
  static Outcome speak(std::vector<std::string> words) {
    words.insert(words.begin(), {"speak", "--model", at("voice")});
    return run(words);
  }
  static Outcome inspect(std::vector<std::string> words) {
    words.insert(words.begin(), {"conclave-audio", "inspect"});
    return testing::run_program(words);
  }
  static void expect_usage_error(const Outcome& outcome, const std::string& what) {
    EXPECT_EQ(outcome.code, 2) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr(what));
  }

  inline static std::unique_ptr<testing::TempDir> shared_;
  inline static Outcome ran_;
};

TEST_F(SpeechProgram, SpeaksIntoFiles) {
  const auto outcome = speak({"--text", "0 1, two", "--speaker", "bob", "--seed", "3", "-o", at("a.wav"),
                              "-o", at("a.flac"), "--json"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const Json line = parse_json(outcome.out, "line");
  ASSERT_EQ(line.at("words").size(), 3u);
  EXPECT_EQ(line.at("words")[2].at("word"), "two");
  EXPECT_LT(line.at("words")[1].at("end").get<double>(), line.at("words")[2].at("begin").get<double>());
  const auto wav = load_sound(at("a.wav")), flac = load_sound(at("a.flac"));
  EXPECT_TRUE(at::equal(wav.samples_N, flac.samples_N));
  EXPECT_NEAR(wav.seconds(), line.at("seconds").get<double>(), 1e-3);
  EXPECT_LE(measure_loudness(wav.samples_N, 8000).true_peak, std::pow(10, -1.0 / 20) + 0.01);
}

TEST_F(SpeechProgram, StreamBatchAndAloneAreTheSameSamples) {
  ASSERT_EQ(speak({"--text", "4 2", "--seed", "7", "--raw", "-o", at("alone.wav")}).code, 0);
  const std::string wav = read_file(at("alone.wav"));
  const auto streamed = speak({"--text", "4 2", "--seed", "7", "--stream"});
  ASSERT_EQ(streamed.code, 0) << streamed.err;
  ASSERT_GT(streamed.out.size(), 1000u);
  EXPECT_TRUE(wav.ends_with(streamed.out));
  write_file(at("items.jsonl"),
             Json{{"text", "9"}, {"output", at("b0.wav")}}.dump() + "\n" +
                 Json{{"text", "nothing of the kind"}, {"output", at("b1.wav")}, {"id", "bad"}}.dump() +
                 "\n\n" + Json{{"text", "4 2"}, {"output", at("b2.wav")}, {"seed", 7}}.dump() + "\n");
  const auto batch = speak({"--input", at("items.jsonl"), "--raw", "--json"});
  EXPECT_EQ(batch.code, 1);
  EXPECT_THAT(batch.out, HasSubstr("cannot be said"));
  EXPECT_EQ(read_file(at("b2.wav")), wav);
  EXPECT_FALSE(fs::exists(at("b1.wav")));
}

TEST_F(SpeechProgram, BatchesComeAsTablesToo) {
  ASSERT_EQ(speak({"--text", "4 2", "--seed", "7", "--raw", "-o", at("alone.wav")}).code, 0);
  write_file(at("items.csv"), "id,text,output,speaker,seed\r\nx,\"4 2\"," + at("c0.wav") + ",,7\r\n555,5," +
                                  at("c1.wav") + ",zoe,\r\n,9," + at("c2.wav") + ",bob,not\n,3,4,5,6,7\n");
  const auto batch = speak({"--input", at("items.csv"), "--raw", "--json"});
  EXPECT_EQ(batch.code, 1);
  EXPECT_EQ(read_file(at("c0.wav")), read_file(at("alone.wav")));
  std::istringstream lines(batch.out);
  std::vector<Json> out;
  for (std::string line; std::getline(lines, line);) out.push_back(parse_json(line, "line"));
  ASSERT_EQ(out.size(), 4u);
  EXPECT_EQ(out[0].at("id"), "x");
  EXPECT_EQ(out[1].at("id"), "555");
  EXPECT_THAT(out[1].at("error").dump(), HasSubstr("there are ann, bob"));
  EXPECT_THAT(out[2].at("error").dump(), HasSubstr("seed"));
  EXPECT_EQ(out[3].at("id"), 3);
  EXPECT_THAT(out[3].at("error").dump(), HasSubstr("6 cells"));
  write_file(at("none.csv"), "text,output\n");
  expect_usage_error(speak({"--input", at("none.csv")}), "no items");
}

TEST_F(SpeechProgram, InspectsSoundAndSpeech) {
  save_sound(at("tone.wav"), tone(0.4, 1.5), 8000);
  const auto sound = inspect({"--sound", at("tone.wav"), "--picture", at("tone.png"), "--json"});
  ASSERT_EQ(sound.code, 0) << sound.err;
  const Json told = parse_json(sound.out, "line");
  EXPECT_NEAR(told.at("seconds").get<double>(), 1.5, 1e-3);
  EXPECT_EQ(told.at("sample_rate"), 8000);
  EXPECT_NEAR(told.at("true_peak_db").get<double>(), 20 * std::log10(0.3), 0.2);
  // The tone is the lightest row of the spectrogram: 509 Hz of 4,000 lies below the middle.
  const Tensor picture = load_picture(at("tone.png"));
  const Tensor row = picture.select(1, 200).to(at::kFloat).sum(1).slice(0, 8, 8 + 64 * 3);
  EXPECT_GT(row.argmax().item<int64_t>(), 96);
  const auto speech =
      inspect({"--text", "1 2", "--speaker", "bob", "--model", at("voice"), "--picture", at("speech.png")});
  EXPECT_EQ(speech.code, 0) << speech.err;
  EXPECT_GT(fs::file_size(at("speech.png")), 1000u);
  expect_usage_error(inspect({"--sound", at("tone.wav"), "--text", "1", "--picture", at("p.png")}),
                     "exactly one");
  save_sound(at("silent.wav"), at::zeros({1}), 8000);
  EXPECT_EQ(inspect({"--sound", at("silent.wav"), "--picture", at("p.png")}).code, 0);
}

TEST_F(SpeechProgram, SpeaksInTheVoiceOfARecording) {
  save_sound(at("voice.mp3"), tone(0.5, 2), 8000);
  EXPECT_EQ(speak({"--text", "1", "--voice", at("voice.mp3"), "-o", at("v.wav")}).code, 0);
  save_sound(at("hour.wav"), at::zeros({8000 * 60}), 8000);  // silence for as long as anybody looks
  expect_usage_error(speak({"--text", "1", "--voice", at("hour.wav"), "-o", at("w.wav")}), "silent");
  EXPECT_FALSE(fs::exists(at("w.wav")));
}

TEST_F(SpeechProgram, WhatCannotBeSaid) {
  expect_usage_error(speak({"--text", "hello", "-o", at("x.wav")}), "\"hello\" cannot be said");
  expect_usage_error(speak({"--text", "1", "--speaker", "carl", "-o", at("x.wav")}), "there are ann, bob");
  expect_usage_error(speak({"--text", "1", "-o", at("x.txt")}), "must end in");
  expect_usage_error(speak({"--text", "1"}), "--output or --stream");
  expect_usage_error(speak({"--text", "", "-o", at("x.wav")}), "--text");
  const auto full = speak({"--text", "1", "-o", "/dev/full"});
  EXPECT_NE(full.code, 0);
}

TEST_F(SpeechProgram, EncodesAndDecodes) {
  for (const double seconds : {0.0001, 1.0}) {
    const Tensor x = tone(0.4, seconds + 0.00005);
    save_sound(at("in.wav"), x, 8000);
    const auto encoded = run({"encode", at("in.wav"), "-o", at("c.cvs"), "--model", at("voice"), "--json"});
    ASSERT_EQ(encoded.code, 0) << encoded.err;
    EXPECT_EQ(parse_json(encoded.out, "line").at("payload_bits_per_second"), 600);
    const auto decoded = run({"decode", at("c.cvs"), "-o", at("out.wav"), "--model", at("voice")});
    ASSERT_EQ(decoded.code, 0) << decoded.err;
    EXPECT_EQ(load_sound(at("out.wav")).samples_N.size(0), x.size(0));
    const auto streamed = run({"decode", at("c.cvs"), "--stream", "--model", at("voice")});
    EXPECT_TRUE(read_file(at("out.wav")).ends_with(streamed.out));
  }
}

TEST_F(SpeechProgram, BadSoundAndCodesAreErrors) {
  write_file(at("text.wav"), "This is a letter and no sound at all.\n");
  const auto text = run({"encode", at("text.wav"), "-o", at("t.cvs"), "--model", at("voice")});
  EXPECT_EQ(text.code, 1);
  EXPECT_THAT(text.err, HasSubstr("it is text"));
  save_sound(at("cut.mp3"), tone(0.3, 3), 8000);
  const auto bytes = read_file(at("cut.mp3"));
  write_file(at("cut.mp3"), bytes.substr(0, bytes.size() / 2));
  const auto cut = run({"encode", at("cut.mp3"), "-o", at("t.cvs"), "--model", at("voice")});
  EXPECT_EQ(cut.code, 1);
  EXPECT_THAT(cut.err, HasSubstr("cut short"));
  EXPECT_FALSE(fs::exists(at("t.cvs")));
  save_sound(at("good.wav"), tone(0.3, 0.5), 8000);
  ASSERT_EQ(run({"encode", at("good.wav"), "-o", at("good.cvs"), "--model", at("voice")}).code, 0);
  auto codes = read_sound_codes(read_file(at("good.cvs")), "good.cvs");
  codes.codec[3] ^= 1;
  write_file(at("other.cvs"), write_sound_codes(codes));
  const auto other = run({"decode", at("other.cvs"), "-o", at("o.wav"), "--model", at("voice")});
  EXPECT_EQ(other.code, 1);
  EXPECT_THAT(other.err, HasSubstr("another codec"));
}

TEST_F(SpeechProgram, TrainingChecksItsRecipe) {
  const auto lacks = run({"train", "--recipe", at("speech.json"), "--data", at(""), "--out", at("new")});
  expect_usage_error(lacks, "--codec");
  Json recipe = parse_json(read_file(at("codec.json")), "codec.json");
  recipe["sources"][0]["without"] = {"zoe"};
  write_file(at("wrong.json"), recipe.dump());
  expect_usage_error(run({"train", "--recipe", at("wrong.json"), "--data", at(""), "--out", at("new")}),
                     "zoe");
  EXPECT_FALSE(fs::exists(at("new")));
}

TEST(ShippedVoice, SaysDigits) {
  const testing::TempDir dir;
  const auto outcome =
      testing::run_program({"conclave-audio", "speak", "--text", "555-0123", "--speaker", "theo", "-o",
                            (dir / "a.wav").string(), "--json", "--no-history"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(parse_json(outcome.out, "line").at("words").size(), 7u);
  const auto sound = load_sound(dir / "a.wav");
  EXPECT_GT(sound.seconds(), 2);
  EXPECT_NEAR(*measure_loudness(sound.samples_N, 8000).integrated, -14, 2);
}

TEST(ShippedVoice, SaysAnyText) {
  const testing::TempDir dir;
  const auto speak = [&](const std::string& text, const std::string& speaker) {
    std::vector<std::string> words = {"conclave-audio",         "speak",  "--text",       text,       "-o",
                                      (dir / "a.wav").string(), "--json", "--no-history", "--routing"};
    if (!speaker.empty()) words.insert(words.end(), {"--speaker", speaker});
    return testing::run_program(words);
  };
  const auto outcome = speak("Dr. Smith has 42 apples.", "");
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const Json line = parse_json(outcome.out, "line");
  std::vector<std::string> words;
  for (const Json& word : line.at("words")) words.push_back(word.at("word"));
  EXPECT_THAT(words, ::testing::ElementsAre("doctor", "smith", "has", "forty", "two", "apples"));
  EXPECT_EQ(load_sound(dir / "a.wav").sample_rate, 16000);
  EXPECT_GT(line.at("seconds").get<double>(), 1.2);
  EXPECT_LT(line.at("seconds").get<double>(), 4);
  const auto times = line.at("routing").at("times").get<std::vector<double>>();
  EXPECT_NEAR(times.back(), line.at("seconds").get<double>(), 0.5);
  ASSERT_EQ(speak("12", "slt").code, 0);  // whom the voice of digits does not know
  EXPECT_EQ(load_sound(dir / "a.wav").sample_rate, 16000);
  ASSERT_EQ(speak("12", "").code, 0);
  EXPECT_EQ(load_sound(dir / "a.wav").sample_rate, 8000);
  const auto refused = speak("hello", "theo");
  EXPECT_EQ(refused.code, kExitUsage);
  EXPECT_THAT(refused.err, HasSubstr("theo, yweweler say digits alone, slt, rms say any text"));
}

TEST(ShippedVoice, IsUnderstood) {
  const auto recogniser = Sphinx::find();
  if (!recogniser) GTEST_SKIP() << "pocketsphinx is not installed";
  const testing::TempDir dir;
  const std::string sentence = "there is nothing more important than a good friend";
  const auto outcome =
      testing::run_program({"conclave-audio", "speak", "--text", sentence, "--speaker", "rms", "--seed", "1",
                            "-o", (dir / "a.wav").string(), "--no-history"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const auto sound = load_sound(dir / "a.wav");
  const auto heard = recogniser->hear_words({at::constant_pad_nd(sound.samples_N, {4800, 4800})}, 16000);
  EXPECT_LE(word_errors(sentence, heard[0]), 4) << heard[0];
}

TEST_F(SpeechProgram, AVoiceOfFreeText) {
  std::string rows, words;
  for (int i = 0; i < 51; ++i) {
    const std::string name = fmt::format("{}.wav", i);
    save_sound(at("texts/phrases/" + name), tone(0.2 + 0.01 * i, 0.4), 8000);
    rows += fmt::format("{}\t{}\ta deed\tpau:0.08 ax:0.15 d:0.20 iy:0.27 d:0.31 pau:0.40\n", name,
                        i % 2 ? "ann" : "bob");
    words += i % 2 ? "deed\td iy d\n" : "a\tax\n";
  }
  write_file(at("texts/phrases/phrases.tsv"), rows);
  write_file(at("texts/phrases/words.tsv"), words);
  const auto sources = [&](Json& recipe, const char* kind) {
    recipe["sources"] = {{{"kind", kind}, {"folder", "phrases"}, {"split", "learning"}}};
    recipe["validation"] = {{{"kind", kind}, {"folder", "phrases"}, {"split", "validation"}}};
  };
  Json recipe = read_json(at("speech.json"));
  recipe["model"]["words"] = {"ax", "d", "iy", "pau"};
  recipe["model"]["free_text"] = true;
  recipe["model"]["dropped"] = 0.2;
  recipe["task"] = {{"corrupted", 0.1}};
  sources(recipe, "phrases");
  write_file(at("free.json"), recipe.dump());
  Json pronouncer = {{"name", "pronouncer"}, {"kind", "pronouncer"}, {"train", recipe["train"]}};
  pronouncer["model"] = {
      {"kind", "pronouncer"}, {"phones", {"ax", "d", "iy"}}, {"text", recipe["model"]["text"]}};
  sources(pronouncer, "words");
  write_file(at("pronouncer.json"), pronouncer.dump());
  const auto train = [&](const std::string& name, const std::string& out) {
    return run({"train", "--recipe", at(name), "--data", at(""), "--more", at("texts"), "--codec",
                at("voice/codec"), "--out", at(out)});
  };
  const auto trained = train("free.json", "free/speech");
  ASSERT_EQ(trained.code, 0) << trained.err;
  fs::create_directory_symlink(at("voice/codec"), at("free/codec"));
  const auto speak_free = [&](const std::string& text) {
    return run(
        {"speak", "--model", at("free"), "--text", text, "--guidance", "2", "-o", at("free.wav"), "--json"});
  };
  expect_usage_error(speak_free("a"), "pronouncer");
  const auto pronounced = train("pronouncer.json", "free/pronouncer");
  ASSERT_EQ(pronounced.code, 0) << pronounced.err;
  const auto said = speak_free("A bad deed, Abe.");
  ASSERT_EQ(said.code, 0) << said.err;
  const Json told = parse_json(said.out, "stdout").at("words");
  ASSERT_EQ(told.size(), 4u);
  EXPECT_EQ(told[3].at("word"), "abe");
  for (size_t i = 0; i + 1 < told.size(); ++i) EXPECT_LE(told[i].at("end"), told[i + 1].at("begin"));
  const auto broken = [&](const std::string& table, const std::string& what) {
    write_file(at("texts/phrases/phrases.tsv"), table + table);  // the first row validates
    const auto outcome = train("free.json", "never");
    EXPECT_EQ(outcome.code, 1);
    EXPECT_THAT(outcome.err, HasSubstr(what));
  };
  broken("only one cell\n", "parted by tabs");
  broken("0.wav\tann\ta\tax:0.2 d:0.1\n", "rising ends");
  broken("0.wav\tann\ta\tax:0.2 d:x\n", "rising ends");
  write_file(at("texts/phrases/phrases.tsv"), "0.wav\tann\ta\tzh:0.2\n0.wav\tann\ta\tzh:0.2\n");
  expect_usage_error(train("free.json", "never"), "the phone zh");
}

TEST(Phonemes, OfEspeakAreArpabet) {
  using ::testing::ElementsAre;
  EXPECT_THAT(phones_of_ipa("h\u0259l\u02c8o\u028a w\u02c8\u025c\u02d0ld"),
              ElementsAre("hh", "ax", "l", "ow", "w", "er", "l", "d"));
  EXPECT_THAT(phones_of_ipa("t\u0283\u02c8\u025c\u02d0t\u0283"), ElementsAre("ch", "er", "ch"));
  EXPECT_THAT(phones_of_ipa(""), ElementsAre());
}

TEST(WordErrors, AreTheFewestChanges) {
  EXPECT_EQ(word_errors("the cat sat", "the cat sat"), 0);
  EXPECT_EQ(word_errors("the cat sat", "a cat sat down"), 2);
  EXPECT_EQ(word_errors("the cat sat", ""), 3);
  EXPECT_EQ(word_errors("", "so much"), 2);
  EXPECT_EQ(word_errors("a b c d", "b c x d"), 2);
}

TEST(ShippedVoice, ShowsItsRouting) {
  const testing::TempDir dir;
  const auto outcome = testing::run_program({"conclave-audio", "inspect", "--text", "0 1 2", "--speaker",
                                             "theo", "--picture", (dir / "a.png").string()});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_GT(load_picture(dir / "a.png").size(0), 300) << "bands below the spectrogram";
  const std::string wave = (dir / "a.wav").string();
  const auto said = testing::run_program(
      {"conclave-audio", "speak", "--text", "0 1", "-o", wave, "--json", "--routing", "--no-history"});
  ASSERT_EQ(said.code, 0) << said.err;
  const Json line = parse_json(said.out, "stdout"), &routing = line.at("routing");
  const auto times = routing.at("times").get<std::vector<double>>();
  EXPECT_NEAR(times.back(), line.at("seconds").get<double>(), 0.2);
  ASSERT_FALSE(routing.at("layers").empty());
  for (const Json& layer : routing.at("layers")) {
    EXPECT_EQ(layer.at("weights").size() + 1, times.size());
    EXPECT_EQ(layer.at("weights")[0].size(),
              layer.at("experts").get<size_t>() + layer.at("nulls").get<size_t>());
  }
  EXPECT_EQ(testing::run_program({"conclave-audio", "speak", "--text", "0", "-o", wave, "--routing"}).code,
            2);
}

TEST(Sphinx, HearsRecordedDigits) {
  CONCLAVE_NEED_DATA("speech/fsdd");
  const auto recogniser = Sphinx::find();
  if (!recogniser) GTEST_SKIP() << "pocketsphinx is not installed";
  const auto clips = load_recordings({{"kind", "fsdd"}, {"split", "test"}, {"only", Json::array({"lucas"})}},
                                     *testing::data_dir(), {}, 8000, "test");
  std::vector<Tensor> samples;
  for (const auto& one : clips) samples.push_back(one.samples_N);
  const auto heard = recogniser->hear_digits(samples, 8000);
  int64_t right = 0;
  for (size_t i = 0; i < clips.size(); ++i) right += heard[i] == clips[i].clip.digit;
  EXPECT_GE(right, 45);  // of 50
}

}  // namespace
}  // namespace conclave
