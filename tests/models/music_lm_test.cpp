#include "models/audio/music/music_lm.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

#include "framework/base/error.h"
#include "models/audio/music/make_music.h"
#include "models/audio/music/music_model.h"
#include "models/audio/music/music_scores.h"
#include "models/audio/music/music_task.h"
#include "testing/testing.h"

namespace conclave {
namespace {

Json small_config() {
  const Json moe = Json::parse(R"({"experts": {"kind": "gated_ffn", "count": 3, "hidden": 12}, "nulls": 1,
    "shared": {"count": 2, "hidden": 6, "gate": "router"},
    "router": {"select": {"kind": "sparse_mixer", "p": 0.7},
               "weigh": ["given", {"kind": "normalise", "epsilon": 1e-6}, "shared_gate"]}})");
  return {{"architectures", {"ConclaveMusic"}},
          {"styles", {"chorale", "tune"}},
          {"frames_per_beat", 1},
          {"ranks", 3},
          {"frames", {{"width", 16}, {"layers", 2}, {"heads", 2}, {"moe", moe}}},
          {"voices", {{"layers", 1}, {"moe", moe}}}};
}

Ptr<MusicLm> small_model() {
  at::manual_seed(1);
  return make_music_lm(small_config());
}

const std::vector<Chord> kPiece = {{48, 64, 67, 72}, {}, {50, 65, 69, 74, 81}, {43, 71}, {48}};

NoteBatch batch_of(const std::vector<std::vector<Chord>>& pieces) {
  const std::vector<std::span<const Chord>> views(pieces.begin(), pieces.end());
  return make_note_batch(views);
}

Tensor style(int64_t rows, int64_t which = 0) {
  return at::full({rows}, which, at::kLong);
}

// With all but four keys out of the question, the 16 sets of these four are all there is.
TEST(MusicLm, ProbabilitiesOfAllSetsSumToOne) {
  at::NoGradGuard no_grad;
  const auto model = small_model();
  const std::vector<int> keys = {40, 52, 61, 80};
  model->head.bias.narrow(0, 0, kPianoKeys).fill_(-1e9);
  for (const int key : keys) model->head.bias[key - kLowestKey] = 0;
  double total = 0;
  for (unsigned set = 0; set < 16; ++set) {
    std::vector<Chord> piece = kPiece;
    Chord chord;
    for (unsigned i = 0; i < 4; ++i)
      if (set >> i & 1) chord.push_back(keys[i]);
    piece.push_back(chord);
    const auto batch = batch_of({piece});
    const Tensor nll = model->chord_nll(model->read(batch, style(1), {}), batch, {});
    total += std::exp(-nll[0][5].item<double>());
  }
  EXPECT_NEAR(total, 1, 1e-5);
}

TEST(MusicLm, AFrameKnowsOnlyWhatCameBefore) {
  at::NoGradGuard no_grad;
  const auto model = small_model();
  auto other = kPiece;
  other[3] = {30, 31, 32};
  const auto a = batch_of({kPiece}), b = batch_of({other});
  const Tensor nll_a = model->chord_nll(model->read(a, style(1), {}), a, {});
  const Tensor nll_b = model->chord_nll(model->read(b, style(1), {}), b, {});
  EXPECT_TRUE(at::allclose(nll_a.narrow(1, 0, 3), nll_b.narrow(1, 0, 3), 1e-5, 1e-5));
  EXPECT_FALSE(at::allclose(nll_a.narrow(1, 4, 1), nll_b.narrow(1, 4, 1), 1e-5, 1e-5));
}

TEST(MusicLm, PaddingAndNeighboursChangeNothing) {
  at::NoGradGuard no_grad;
  const auto model = small_model();
  const auto alone = batch_of({kPiece});
  const auto both = batch_of({kPiece, {{60}, {60, 62, 64, 65, 67, 69}, {60}, {}, {60}, {61}, {62}}});
  const Tensor one = model->chord_nll(model->read(alone, style(1), {}), alone, {});
  const Tensor two = model->chord_nll(model->read(both, style(2), {}), both, {});
  EXPECT_TRUE(at::allclose(one[0], two[0].narrow(0, 0, 5), 1e-4, 1e-4));
  EXPECT_EQ(two[0].narrow(0, 5, 2).abs().sum().item<double>(), 0);
}

// Spelling note by note, frame by frame, gives what reading the whole piece gives.
TEST(MusicLm, StepByStepIsTheSame) {
  at::NoGradGuard no_grad;
  const auto model = small_model();
  const auto batch = batch_of({kPiece});
  const Tensor whole = model->chord_nll(model->read(batch, style(1, 1), {}), batch, {});
  DecodeState state = model->new_state();
  Tensor heard, before, features = model->read_on({}, {}, style(1, 1), state, {});
  for (size_t t = 0; t < kPiece.size(); ++t) {
    double nll = 0;
    const auto tokens = chord_tokens(kPiece[t]);
    for (size_t i = 0; i < tokens.size(); ++i) {
      const Tensor so_far =
          at::tensor(std::vector<int64_t>(tokens.begin(), tokens.begin() + static_cast<long>(i)), at::kLong);
      nll -= model->next_note(features, so_far.view({1, -1}), {})[0][tokens[i]].item<double>();
    }
    EXPECT_NEAR(nll, whole[0][static_cast<int64_t>(t)].item<double>(), 1e-4) << t;
    before = heard;
    heard = model->embed(batch_of({{kPiece[t]}})).squeeze(1);
    features = model->read_on(heard, before, style(1, 1), state, {});
  }
}

TEST(MusicLm, IndependentKeysByHand) {
  at::NoGradGuard no_grad;
  const auto model = small_model();
  model->independent.weight.zero_();
  model->independent.bias.fill_(std::log(0.25 / 0.75));  // each key sounds with probability 1/4
  const auto batch = batch_of({kPiece});
  const Tensor nll = model->independent_nll(model->read(batch, style(1), {}), batch);
  EXPECT_NEAR(nll[0][0].item<double>(), -4 * std::log(0.25) - 84 * std::log(0.75), 1e-3);
  EXPECT_NEAR(nll[0][1].item<double>(), -88 * std::log(0.75), 1e-3);
}

TEST(MusicScores, CountEveryFrameAndMixShiftedCopies) {
  const auto model = small_model();
  const std::vector<PianoRoll> pieces = {{kPiece}, {{}}, {{{60}}}};
  std::vector<std::vector<double>> log_prob;
  const auto plain = score_music(*model, pieces, 0, {}, &log_prob);
  EXPECT_EQ(plain.frames, 6);
  double sum = 0;
  for (const auto& piece : log_prob)
    for (const double value : piece) sum -= value;
  EXPECT_NEAR(plain.nll, sum, 1e-9);
  EXPECT_NEAR(plain.first, -log_prob[0][0] - log_prob[2][0], 1e-9);
  // The mixture over three keys, from the scores of moved pieces.
  std::vector<std::vector<double>> mixed, up, down;
  score_music(*model, pieces, 0, {MusicProtocol::factored, 1}, &mixed);
  auto moved = pieces;
  for (auto& piece : moved) ASSERT_TRUE(transpose(piece, 1));
  score_music(*model, moved, 0, {}, &up);
  for (auto& piece : moved) ASSERT_TRUE(transpose(piece, -2));
  score_music(*model, moved, 0, {}, &down);
  const double mean = (std::exp(log_prob[0][2]) + std::exp(up[0][2]) + std::exp(down[0][2])) / 3;
  EXPECT_NEAR(mixed[0][2], std::log(mean), 1e-6);
  // Routing: three layers, the last of which spells chords.
  EXPECT_EQ(plain.trace.sites().size(), 3u);
  ASSERT_EQ(plain.by_place.size(), 4u);
  EXPECT_EQ(plain.by_place[0].sites().size(), 1u);
}

// Keys stay independent when copies are averaged: one by one, by hand.
TEST(MusicScores, IndependentKeysAreAveragedOneByOne) {
  at::NoGradGuard no_grad;
  const auto model = small_model();
  const std::vector<PianoRoll> pieces = {{{{60, 64}}}};
  const auto logits = [&](int by) {
    const auto batch = batch_of({{{60 + by, 64 + by}}});
    return model->independent_logits(model->read(batch, style(1), {}))[0][0].sigmoid().to(at::kDouble);
  };
  const Tensor middle = logits(0), up = logits(1), down = logits(-1);
  double expected = 0;
  for (int key = 0; key < kPianoKeys; ++key) {
    double sum = middle[key].item<double>(), copies = 1;
    if (key + 1 < kPianoKeys) sum += up[key + 1].item<double>(), ++copies;
    if (key > 0) sum += down[key - 1].item<double>(), ++copies;
    const bool sounds = key + kLowestKey == 60 || key + kLowestKey == 64;
    expected -= std::log(sounds ? sum / copies : 1 - sum / copies);
  }
  EXPECT_NEAR(score_music(*model, pieces, 0, {MusicProtocol::independent, 1}).nll, expected, 1e-4);
}

TEST(MusicTask, LearnsAPieceByHeart) {
  at::manual_seed(0);
  const auto model = make_music_lm(small_config());
  set_trainable(*model, true);
  MusicTaskOptions options;
  options.transpose = 0;
  MusicTask task(*model, {{{{kPiece}, {kPiece}}, 0, 1}}, {}, options);
  double first = 0, last = 0;
  std::vector<NamedTensor> parameters = named_parameters(*model);
  for (int64_t step = 0; step < 60; ++step) {
    MicroBatch batch{{0, 1}, step, 0, 0, Random(1, std::to_string(step))};
    const StepLoss got = task.loss(batch);
    last = got.metrics.at("nll");
    if (step == 0) first = last;
    EXPECT_EQ(got.weight, 10);
    got.loss.backward();
    at::NoGradGuard no_grad;
    for (auto& p : parameters) {
      if (!p.tensor.grad().defined()) continue;
      p.tensor.sub_(p.tensor.grad().clamp(-1, 1), 0.1);
      p.tensor.mutable_grad() = Tensor();
    }
  }
  EXPECT_LT(last, first / 2);
}

TEST(MakeMusic, KeepsWhatIsGiven) {
  const auto model = small_model();
  set_trainable(*model, false);
  MusicRequest request;
  request.seed = 3;
  request.tries = 4;
  request.frames = {{kPiece[0], {}}, {{}, 74}, {{}, 72}, {}, {kPiece[3], {}}, {}};
  const auto made = make_music(*model, request);
  ASSERT_EQ(made.frames.size(), 6u);
  EXPECT_EQ(made.frames[0], kPiece[0]);
  EXPECT_EQ(made.frames[1].back(), 74);
  EXPECT_EQ(made.frames[2].back(), 72);
  EXPECT_EQ(made.frames[4], kPiece[3]);
  request.frames[1].top = 12;
  EXPECT_THROW(make_music(*model, request), UsageError);
}

TEST(MakeMusic, TheSameNotesOnAnyNumberOfThreads) {
  const auto model = small_model();
  set_trainable(*model, false);
  MusicRequest request;
  request.frames.resize(8);
  request.frames[7].top = 70;
  at::set_num_threads(1);
  const auto one = make_music(*model, request);
  at::set_num_threads(3);
  const auto three = make_music(*model, request);
  EXPECT_EQ(at::get_num_threads(), 3);
  at::set_num_threads(1);
  EXPECT_EQ(one.frames, three.frames);
  request.seed = 1;
  EXPECT_NE(make_music(*model, request).frames, one.frames);
}

TEST(MusicModel, WrittenAndReadAgain) {
  const testing::TempDir dir;
  const auto model = small_model();
  save_music_lm(*model, dir.path(), false, {{"seed", "1"}});
  const auto again = load_music_lm(dir.path());
  const std::vector<PianoRoll> pieces = {{kPiece}};
  EXPECT_EQ(score_music(*again, pieces, 0, {}).nll, score_music(*model, pieces, 0, {}).nll);
  EXPECT_THROW(load_music_lm(dir / "nothing"), DataError);
  auto config = small_config();
  config["frames"]["width"] = 1 << 14;
  std::ofstream(dir / "config.json") << config.dump();
  EXPECT_THROW(load_music_lm(dir.path()), DataError);
}

TEST(MusicModel, WrongConfigurationsAreNamed) {
  for (const auto& [key, value] : std::vector<std::pair<std::string, Json>>{{"styles", Json::array()},
                                                                            {"ranks", 0},
                                                                            {"dropout", 1.5},
                                                                            {"architectures", {"Other"}},
                                                                            {"x", 1}}) {
    auto config = small_config();
    config[key] = value;
    EXPECT_THROW(make_music_lm(config), UsageError) << key;
  }
  EXPECT_THROW(small_model()->style("waltz"), UsageError);
}

}  // namespace
}  // namespace conclave
