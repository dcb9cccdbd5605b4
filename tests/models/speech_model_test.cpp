// Words to codes to sound: what is asked of the text, the same draw each time, and a model that learns.
#include "models/audio/speaking.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "framework/base/error.h"
#include "framework/train/trainer.h"
#include "models/audio/clip_classifier.h"
#include "models/audio/speech_task.h"

namespace conclave {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Ptr<SpeechModel> tiny_speech(bool free_text = false) {
  at::manual_seed(4);
  Json config = Json::parse(R"({"kind": "speech", "words": ["zero", "one", "two"],
    "speakers": ["ann", "bob"], "books": 3, "book_size": 16,
    "text": {"width": 16, "layers": 2, "heads": 2, "rope": {"theta": 10000},
             "moe": {"experts": {"count": 3, "hidden": 16, "activation": "silu"}, "nulls": 1,
                     "shared": {"count": 1, "hidden": 16, "activation": "silu", "gate": "router"},
                     "router": {"score": "linear", "select": {"kind": "top_p", "p": 0.7},
                                "weigh": ["softmax_selected", "shared_gate"]}}}})");
  config["free_text"] = free_text;
  return make_speech_model(config);
}

Ptr<SpectralCodec> tiny_codec() {
  at::manual_seed(3);
  return make_spectral_codec({{"kind", "spectral"},
                              {"width", 8},
                              {"latent", 4},
                              {"books", 3},
                              {"book_size", 16},
                              {"fine_blocks", 1},
                              {"coarse_blocks", 1}});
}

std::vector<std::vector<int64_t>> said(const SpeechModel& model, const SpeechRequest& request) {
  std::vector<std::vector<int64_t>> frames;
  say_word(model, request, [&](const Tensor& frame_K) {
    const auto* code = frame_K.const_data_ptr<int64_t>();
    frames.emplace_back(code, code + frame_K.size(0));
    return true;
  });
  return frames;
}

TEST(SpeechModel, TheSameRequestGivesTheSameCodes) {
  const auto model = tiny_speech();
  SpeechRequest request;
  request.words = {2};
  request.speaker = 1;
  request.temperature = 1;
  request.most_frames = 20;
  request.seed = 9;
  const auto once = said(*model, request);
  EXPECT_GE(once.size(), 8u);
  EXPECT_LE(once.size(), 20u);
  for (const auto& frame : once)
    for (const int64_t code : frame) EXPECT_TRUE(code >= 0 && code < 16);
  EXPECT_EQ(said(*model, request), once);
  const int threads = at::get_num_threads();
  at::set_num_threads(threads == 1 ? 2 : 1);
  EXPECT_EQ(said(*model, request), once);
  at::set_num_threads(threads);
  request.seed = 10;
  EXPECT_NE(said(*model, request), once);
  request.sample_FK = at::randint(0, 16, {14, 3}, at::kLong);
  request.speaker = -1;
  EXPECT_GE(said(*model, request).size(), 8u);
  request.words = {3};
  EXPECT_THROW(said(*model, request), UsageError);
}

TEST(SpeechModel, CanBeStopped) {
  const auto model = tiny_speech();
  SpeechRequest request;
  int seen = 0;
  EXPECT_EQ(say_word(*model, request, [&](const Tensor&) { return ++seen < 3; }), 3);
}

// Steps during generation see what training showed: the loss of a drawn word is what its draws cost.
TEST(SpeechModel, LearnsTwoWords) {
  const auto model = tiny_speech();
  std::vector<SpokenWord> words;
  for (int64_t word = 0; word < 2; ++word)
    for (int64_t speaker = 0; speaker < 2; ++speaker)
      words.push_back({{word}, speaker, {{at::full({9 + word, 3}, 3 * word + 5 * speaker + 1, at::kLong)}}});
  SpeechTask task(model, words, words, make_loss({{"kind", "switch_balance"}, {"weight", 0.01}}));
  TrainOptions options;
  options.metric = "nll";
  options.steps = 150;
  options.batch = 8;
  options.schedule.peak = 1e-2;
  Trainer(task, options).run();
  const at::NoGradGuard no_grad;
  EXPECT_LT(task.evaluate().at("nll"), 0.2);
  for (const auto& spoken : words) {
    SpeechRequest request;
    request.words = spoken.said;
    request.speaker = spoken.speaker;
    request.temperature = 0;
    const auto frames = said(*model, request);
    EXPECT_EQ(frames.size(), static_cast<size_t>(9 + spoken.said[0]));
    for (const auto& frame : frames) EXPECT_THAT(frame, ElementsAre(frame[0], frame[0], frame[0]));
    EXPECT_EQ(frames[4][0], 3 * spoken.said[0] + 5 * spoken.speaker + 1);
  }
}

TEST(UnitCues, EveryUnitHasAFrame) {
  const std::vector<double> ends = {0.02, 0.021, 0.022, 0.2};
  const auto places = places_of(ends, 50, 6);
  ASSERT_EQ(places.size(), 6u);
  std::vector<int64_t> units, ages;
  for (const auto& place : places) {
    units.push_back(place.unit);
    ages.push_back(place.age);
  }
  EXPECT_THAT(units, ElementsAre(0, 1, 2, 3, 3, 3));
  EXPECT_THAT(ages, ElementsAre(0, 0, 0, 0, 1, 2));
  const std::vector<double> late = {3, 4};  // behind the recording
  EXPECT_EQ(places_of(late, 50, 3)[2].unit, 1);
  EXPECT_THROW(places_of(ends, 50, 3), UsageError);
}

TEST(UnitCues, TellOfUnitsBesideAndOfAge) {
  at::manual_seed(1);
  const UnitCues cues(3, 4);
  const std::vector<int64_t> ids = {2, 0};
  const std::vector<UnitPlace> places = {{0, 0}, {1, 100}, {2, 0}};
  const Tensor told = cues.embed(ids, places);
  const auto row = [](const Ptr<Embedding>& table, int64_t id) { return table->weight[id]; };
  const int64_t none = cues.none();
  EXPECT_EQ(none, 3);
  const Tensor first = cues.ages.weight[0] + row(cues.units[0], none) + row(cues.units[1], none) +
                       row(cues.units[2], 2) + row(cues.units[3], 0) + row(cues.units[4], none);
  EXPECT_TRUE(at::allclose(told[0], first));
  const Tensor second = cues.ages.weight[UnitCues::kAges - 1] + row(cues.units[0], none) +
                        row(cues.units[1], 2) + row(cues.units[2], 0) + row(cues.units[3], none) +
                        row(cues.units[4], none);
  EXPECT_TRUE(at::allclose(told[1], second));
}

// Phones with codes and lengths of their own: said in the order of the text, each as long as it was learned.
TEST(SpeechModel, LearnsPhonesInTheirOrder) {
  const auto model = tiny_speech(true);
  const int64_t length[] = {2, 4, 3};
  std::vector<SpokenWord> words;
  for (const std::vector<int64_t>& said :
       {std::vector<int64_t>{0, 1, 2}, {2, 1, 0}, {1, 0, 2}, {0, 2, 1}, {2, 0, 1}}) {
    SpokenTake take;
    std::vector<Tensor> codes;
    for (size_t i = 0; i < said.size(); ++i)
      for (int64_t age = 0; age < length[said[i]]; ++age) {
        codes.push_back(at::full({1, 3}, 5 * said[i] + 1, at::kLong));
        take.places.push_back({static_cast<int64_t>(i), age});
      }
    take.codes_FK = at::cat(codes);
    words.push_back({said, 0, {take}});
  }
  SpeechTask task(model, words, words, nullptr, {.corrupted = 0.05});
  TrainOptions options;
  options.metric = "nll";
  options.steps = 200;
  options.batch = 5;
  options.schedule.peak = 1e-2;
  Trainer(task, options).run();
  const at::NoGradGuard no_grad;
  EXPECT_LT(task.evaluate().at("nll_ends"), 0.1);
  SpeechRequest request;
  request.words = {1, 2, 0, 1};  // was never learned so
  request.speaker = 0;
  request.temperature = 0;
  std::vector<int64_t> ends;
  request.unit_ends = &ends;
  const auto frames = said(*model, request);
  EXPECT_THAT(ends, ElementsAre(4, 7, 9, 13));
  ASSERT_EQ(frames.size(), 13u);
  EXPECT_THAT(frames[5], ElementsAre(11, 11, 11));
  EXPECT_THAT(frames[8], ElementsAre(1, 1, 1));
}

TEST(SpeechModel, GuidanceNeedsTrainingWithoutText) {
  const auto model = tiny_speech();
  SpeechRequest request;
  request.guidance = 2;
  EXPECT_THROW(said(*model, request), UsageError);
  model->guided = true;
  request.most_frames = 12;
  request.seed = 3;
  const auto guided = said(*model, request);
  request.guidance = 1;
  const auto plain = said(*model, request);
  EXPECT_NE(guided, plain);
  // All that differs from the model without the text is what guidance strengthens.
  request.words.clear();
  const auto without = said(*model, request);
  request.guidance = 3;
  EXPECT_EQ(said(*model, request), without);
}

TEST(Speaking, WordsOutOfText) {
  const auto model = tiny_speech();
  const auto words = read_words(*model, " 0 12, (Two)-ONE\n");
  std::vector<int64_t> ids;
  for (const auto& word : words) ids.push_back(word.said.at(0));
  EXPECT_THAT(ids, ElementsAre(0, 1, 2, 2, 1));
  EXPECT_GT(words[2].pause, words[1].pause);
  for (const auto& [text, what] :
       std::vector<std::pair<std::string, std::string>>{{"hello 1", "\"hello\" cannot be said"},
                                                        {"7", "\"seven\" cannot be said"},
                                                        {"\xc3\xa9 1", "cannot be said"},
                                                        {"", "no word"},
                                                        {" ,. ", "no word"}}) {
    try {
      read_words(*model, text);
      ADD_FAILURE() << text;
    } catch (const UsageError& e) {
      EXPECT_THAT(e.what(), HasSubstr(what));
    }
  }
}

TEST(Speaking, PiecesAreTheWholeAndWordsStandAlone) {
  const auto model = tiny_speech();
  const auto codec = tiny_codec();
  SpeakOptions options;
  options.speaker = 0;
  options.seed = 5;
  const auto collect = [&](const std::vector<TextWord>& words, std::vector<WordTime>* times = nullptr) {
    std::vector<Tensor> pieces;
    auto told = speak(*model, *codec, words, options, [&](const Tensor& x) {
      pieces.push_back(x);
      return true;
    });
    if (times) *times = told;
    return at::cat(pieces);
  };
  std::vector<WordTime> times;
  const Tensor two = collect({{{1}, 0.1, {"one"}}, {{2}, 0, {"two"}}}, &times);
  ASSERT_EQ(times.size(), 2u);
  EXPECT_EQ(times[0].begin, 0);
  EXPECT_EQ(times[1].begin, times[0].end + 800);
  EXPECT_EQ(times[1].end, two.size(0));
  // A word sounds the same whatever follows.
  EXPECT_TRUE(at::equal(collect({{{1}, 0, {"one"}}}), two.narrow(0, 0, times[0].end)));
  EXPECT_EQ(two.narrow(0, times[0].end, 800).abs().max().item<double>(), 0);
}

TEST(Speaking, SamplesOfAVoice) {
  const auto model = tiny_speech();
  const auto codec = tiny_codec();
  EXPECT_THROW(voice_sample(*model, *codec, at::zeros({8000})), UsageError);
  EXPECT_THROW(voice_sample(*model, *codec, at::ones({1})), UsageError);
  EXPECT_THROW(voice_sample(*model, *codec, at::empty({0})), UsageError);
  const Tensor sample = voice_sample(*model, *codec, at::cat({at::zeros({4000}), at::randn({80000}) * 0.1}));
  EXPECT_EQ(sample.sizes(), at::IntArrayRef({40, 3}));
}

TEST(ClipClassifier, LearnsHighFromLow) {
  at::manual_seed(2);
  const auto model = make_clip_classifier(
      {{"kind", "classifier"}, {"labels", {"low", "high"}}, {"width", 8}, {"embedding", 4}});
  std::vector<LabelledClip> clips;
  for (int64_t i = 0; i < 16; ++i)
    clips.push_back({at::sin(at::arange(3000 + 100 * i, at::kFloat) * (i % 2 ? 1.5 : 0.3)) * 0.2, i % 2});
  ClassifierTask task(model, clips, clips);
  TrainOptions options;
  options.steps = 60;
  options.batch = 8;
  options.schedule.peak = 2e-3;
  Trainer(task, options).run();
  const at::NoGradGuard no_grad;
  EXPECT_EQ(task.evaluate().at("accuracy"), 1);
  EXPECT_EQ(model->classify(clips[3].samples_N * 0.01), 1);  // whatever the level
  EXPECT_NEAR(model->voice(clips[0].samples_N).norm().item<double>(), 1, 1e-5);
  EXPECT_TRUE(at::isfinite(model->voice(at::zeros({10}))).all().item<bool>());
}

}  // namespace
}  // namespace conclave
