// Codes with delays, their sampling, and pieces that end.
#include "models/audio/audio_lm.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "framework/base/error.h"
#include "models/audio/musicgen.h"
#include "testing/numeric.h"

namespace conclave {
namespace {

using ::testing::HasSubstr;

const DelayPattern kPattern{.delay = {0, 2, 3}, .bos = 9, .eos = 7, .pad = 8};

TEST(DelayPattern, ThereAndBack) {
  const Tensor frames = at::randint(0, 7, {2, 6, 3}, at::kLong);
  const Tensor steps = kPattern.apply(frames);
  EXPECT_TRUE(at::equal(steps.select(2, 0), frames.select(2, 0)));
  EXPECT_EQ(steps[0][1][1].item<int64_t>(), 9);
  EXPECT_EQ(steps[1][5][2].item<int64_t>(), frames[1][2][2].item<int64_t>());
  const Tensor back = kPattern.revert(steps, 6);
  EXPECT_TRUE(at::equal(back.narrow(1, 0, 3), frames.narrow(1, 0, 3)));
  EXPECT_EQ(kPattern.revert(steps, 4)[0][2][1].item<int64_t>(), 8);
  // A whole piece ends once in every codebook, but for the latest, whose end has no place.
  const Tensor whole = kPattern.whole(frames[0]);
  EXPECT_EQ(whole.size(0), 10);
  EXPECT_EQ((whole == 7).sum().item<int64_t>(), 2);
  EXPECT_EQ(whole[7][0].item<int64_t>(), 7);
  // More delay than frames.
  EXPECT_TRUE(at::equal(kPattern.apply(frames.narrow(1, 0, 2)).select(2, 2), at::full({2, 2}, 9, at::kLong)));
}

TEST(CodeProbabilities, EndsOnlyWhereItIsBest) {
  AudioGeneration options;
  options.temperature = 0.5;
  options.top_k = 2;
  const Tensor logits = at::tensor({1.F, 2.F, 3.F, 2.5F, 0.F, 1.F, 2.F, 4.F}).view({2, 4});
  const Tensor p = code_probabilities(logits, options, 3);
  EXPECT_EQ(p[0][3].item<float>(), 0);  // the second best, and the end
  EXPECT_GT(p[0][1].item<float>(), 0);
  EXPECT_NEAR(p[0][2].item<float>() / p[0][1].item<float>(), std::exp(2.0), 1e-4);
  EXPECT_GT(p[1][3].item<float>(), p[1][2].item<float>());
  options.top_p = 0.5;
  EXPECT_EQ(code_probabilities(logits, options, 3)[1][3].item<float>(), 1);
}

Ptr<AudioLm> tiny() {
  at::manual_seed(6);
  return make_audio_lm(Json::parse(R"({"vocabulary": 20, "text": {"width": 8, "layers": 1, "heads": 2,
    "ffn": {"hidden": 12}}, "codec": {"channels": 3, "vocabulary": 10, "placeholder": 15, "delay": [0, 2, 3],
    "bos": 9, "eos": 7, "pad": 8}})"));
}

TEST(AudioLm, PiecesEndCodebookByCodebook) {
  const auto model = tiny();
  Inputs inputs;
  inputs.ids_NL = at::randint(0, 10, {4, 5}, at::kLong);
  AudioGeneration options;
  options.max_steps = 12;
  options.temperature = 1;
  options.seed = 3;
  const Tensor prefill = kPattern.prefill({Tensor(), Tensor()});
  const auto made = generate_audio(*model, inputs, prefill, options);
  ASSERT_EQ(made.lengths.size(), 2u);
  for (size_t b = 0; b < 2; ++b) {
    const int64_t length = made.lengths[b];
    EXPECT_LE(length, 12 - 3);
    EXPECT_EQ(made.codes[b].size(0), length);
    EXPECT_TRUE(length == 0 ||
                made.codes[b].max().item<int64_t>() < 7);  // no eos, pad or bos among the codes
    for (int64_t c = 0; c < 3; ++c)
      EXPECT_LE((made.steps_BTC[static_cast<int64_t>(b)].select(1, c) == 7).sum().item<int64_t>(), 1);
  }
  // The same seed draws the same codes.
  EXPECT_TRUE(at::equal(generate_audio(*model, inputs, prefill, options).steps_BTC, made.steps_BTC));
}

TEST(AudioLm, PlacesAndCodesMustAgree) {
  const auto model = tiny();
  Inputs inputs;
  inputs.ids_NL = at::tensor({1, 15, 15, 2}, at::kLong).view({1, 4});
  inputs.pictures["codec_input_ids"] = at::zeros({1, 3}, at::kLong);
  try {
    model->lm->read(inputs);
    FAIL();
  } catch (const Error& e) {
    EXPECT_THAT(e.what(), HasSubstr("2 placeholders for 1 frames"));
  }
  inputs.pictures["codec_input_ids"] = at::tensor({1, 2, 3, 4, 5, 6}, at::kLong).view({2, 3});
  const Tensor x = model->lm->read(inputs).x_NLD;
  Tensor sum = at::zeros({8});
  for (int64_t c = 0; c < 3; ++c)
    sum = sum + model->codes->codec_embed_tokens[static_cast<size_t>(c)]->weight[4 + c];
  EXPECT_LT(testing::max_difference(x[0][2], sum), 1e-6);
}

TEST(MusicPattern, CornersArePadded) {
  const Tensor start = at::full({1, 3, 1}, 5, at::kLong);
  const Tensor pattern = music_pattern(start, 6, 5);
  const Tensor wanted =
      at::tensor({5, -1, -1, -1, 5, 5, 5, 5, -1, -1, -1, 5, 5, 5, 5, -1, -1, -1}, at::kLong);
  EXPECT_TRUE(at::equal(pattern[0].reshape({-1}), wanted));
  EXPECT_EQ(music_pattern(start, 4, 5).max().item<int64_t>(), -1);  // too short for corners
}

}  // namespace
}  // namespace conclave
