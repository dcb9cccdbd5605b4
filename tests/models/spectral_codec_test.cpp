// Our own codec: streamed as whole, causal, trainable.
#include "models/audio/spectral_codec.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "framework/base/error.h"
#include "framework/train/trainer.h"
#include "models/audio/codec_task.h"
#include "testing/numeric.h"

namespace conclave {
namespace {

using ::testing::HasSubstr;

Ptr<SpectralCodec> tiny(int64_t rate = 8000) {
  at::manual_seed(3);
  return make_spectral_codec({{"kind", "spectral"},
                              {"sample_rate", rate},
                              {"width", 12},
                              {"latent", 6},
                              {"books", 4},
                              {"book_size", 16},
                              {"fine_blocks", 1},
                              {"coarse_blocks", 1}});
}

TEST(SpectralCodec, FramesAndRates) {
  const at::NoGradGuard no_grad;
  for (const int64_t rate : {8000, 16000}) {
    const auto codec = tiny(rate);
    EXPECT_EQ(codec->hop, rate / 50);
    EXPECT_EQ(codec->bits_per_second(4), 50 * 4 * 4);
    for (const int64_t samples : {int64_t{1}, codec->hop, codec->hop + 1, 10 * codec->hop}) {
      const Tensor codes = codec->encode(at::randn({2, 1, samples}) * 0.1, 3);
      const int64_t frames = (samples + codec->hop - 1) / codec->hop;
      EXPECT_EQ(codes.sizes(), at::IntArrayRef({2, 3, frames}));
      EXPECT_EQ(codec->decode(codes).sizes(), at::IntArrayRef({2, 1, frames * codec->hop}));
    }
  }
}

TEST(SpectralCodec, StreamedEncodingIsWholeEncoding) {
  const at::NoGradGuard no_grad;
  const auto codec = tiny();
  const Tensor x_N = at::randn({3217}) * 0.2;
  const Tensor whole = codec->encode(x_N.view({1, 1, -1}), 4)[0];
  for (const int64_t piece : {1, 100, 160, 700, 3217}) {
    SpectralEncoder encoder(*codec, 4);
    std::vector<Tensor> codes;
    for (const auto& part : x_N.split(piece)) codes.push_back(encoder.push(part));
    codes.push_back(encoder.finish());
    EXPECT_TRUE(at::equal(at::cat(codes, 1), whole)) << piece;
  }
}

TEST(SpectralCodec, StreamedDecodingIsWholeDecoding) {
  const at::NoGradGuard no_grad;
  const auto codec = tiny();
  const Tensor codes = at::randint(0, 16, {1, 4, 23}, at::kLong);
  const Tensor whole = codec->decode(codes)[0][0];
  Tensor first;
  for (const int64_t piece : {1, 3, 4, 9, 23}) {
    SpectralDecoder decoder(*codec);
    std::vector<Tensor> sound;
    for (const auto& part : codes[0].split(piece, 1)) sound.push_back(decoder.push(part));
    sound.push_back(decoder.finish());
    const Tensor streamed = at::cat(sound);
    ASSERT_EQ(streamed.sizes(), whole.sizes());
    EXPECT_LT(testing::max_difference(streamed, whole), 1e-4) << piece;
    if (!first.defined()) first = streamed;
    EXPECT_TRUE(at::equal(streamed, first)) << piece;  // bit for bit, however the codes came
  }
}

TEST(SpectralCodec, DecodingIsCausal) {
  const at::NoGradGuard no_grad;
  const auto codec = tiny();
  const Tensor codes = at::randint(0, 16, {1, 4, 12}, at::kLong);
  Tensor other = codes.clone();
  other.narrow(2, 8, 4).copy_((other.narrow(2, 8, 4) + 5) % 16);
  const Tensor difference = (codec->decode(codes) - codec->decode(other)).abs()[0][0];
  EXPECT_LT(difference.narrow(0, 0, 8 * 160).max().item<double>(), 1e-6);
  EXPECT_GT(difference.narrow(0, 8 * 160, 160).max().item<double>(), 1e-6);
}

TEST(SpectralCodec, BadCodesAndShapes) {
  const auto codec = tiny();
  EXPECT_THROW(codec->decode(at::full({1, 4, 3}, 16, at::kLong)), Error);
  EXPECT_THROW(codec->decode(at::zeros({1, 5, 3}, at::kLong)), Error);
  EXPECT_THROW(codec->encode(at::zeros({1, 2, 100}), 4), Error);
  EXPECT_THROW(codec->encode(at::zeros({1, 1, 100}), 5), Error);
  try {
    make_spectral_codec({{"kind", "spectral"}, {"sample_rate", 11025}});
    FAIL();
  } catch (const UsageError& e) {
    EXPECT_THAT(e.what(), HasSubstr("sample_rate = 11025"));
  }
}

TEST(SpectralCodec, SilenceAndLoudNoiseGiveFiniteSound) {
  const at::NoGradGuard no_grad;
  const auto codec = tiny();
  for (const Tensor& x : {at::zeros({1, 1, 800}), at::randn({1, 1, 800}) * 100, at::full({1, 1, 1}, 1.0)})
    EXPECT_TRUE(at::isfinite(codec->decode(codec->encode(x, 4))).all().item<bool>());
}

TEST(CodebookLearning, RowsFollowTheirFrames) {
  at::manual_seed(1);
  ResidualQuantizer quantizer(2, 4, 2, /*as_sums=*/true);
  // Four clusters far apart: k-means and then averages must find them.
  const Tensor centres = at::tensor({10.F, 0.F, -10.F, 0.F, 0.F, 10.F, 0.F, -10.F}).view({4, 2});
  Random random(5);
  QuantisedFrames result;
  for (int step = 0; step < 300; ++step) {
    const Tensor x_ND = centres.repeat({16, 1}) + at::randn({64, 2}) * 0.1;
    result = quantise_and_learn(quantizer, x_ND.t().unsqueeze(0).contiguous(),
                                at::tensor({int64_t{1}}, at::kLong), step == 0, {}, random);
  }
  EXPECT_LT(result.commitment.item<double>(), 0.05);
  const auto codes = quantizer.encode(centres.t().unsqueeze(0), 1).flatten();
  EXPECT_EQ(std::get<0>(at::_unique(codes)).size(0), 4);
}

TEST(CodebookLearning, GradientsPassStraightThrough) {
  ResidualQuantizer quantizer(2, 8, 3, /*as_sums=*/true);
  Tensor x = at::randn({2, 3, 5}).set_requires_grad(true);
  Random random(1);
  const auto result =
      quantise_and_learn(quantizer, x, at::tensor({int64_t{2}, int64_t{1}}, at::kLong), true, {}, random);
  result.frames_BDF.sum().backward();
  EXPECT_TRUE(at::equal(x.grad(), at::ones_like(x)));
}

TEST(CodebookLearning, DeadRowsBeginAnew) {
  at::manual_seed(2);
  ResidualQuantizer quantizer(1, 8, 2, /*as_sums=*/true);
  quantizer.layers[0]->sum_ND.fill_(100);  // nobody's
  quantizer.layers[0]->sum_ND[0].zero_();
  Random random(1);
  int64_t revived = 0;
  for (int step = 0; step < 600; ++step)
    revived += quantise_and_learn(quantizer, at::randn({1, 2, 64}), at::tensor({int64_t{1}}, at::kLong),
                                  false, {}, random)
                   .revived;
  EXPECT_GE(revived, 7);
  EXPECT_LT(quantizer.layers[0]->rows_ND().abs().max().item<double>(), 10);
}

TEST(CodecTask, LearnsATone) {
  const auto codec = tiny();
  const Tensor tone = at::sin(at::arange(8000, at::kFloat) * 0.3) * 0.3;
  CodecTaskOptions how;
  how.frames = 10;
  how.speed = 0;
  CodecTask task(codec, {{tone}}, {tone.narrow(0, 0, 1600)}, how);
  const double before = [&] {
    const at::NoGradGuard no_grad;
    return task.evaluate().at("mel_distance");
  }();
  TrainOptions options;
  options.steps = 40;
  options.batch = 2;
  options.schedule.peak = 3e-3;
  options.metric = "mel_distance";
  Trainer(task, options).run();
  const at::NoGradGuard no_grad;
  EXPECT_LT(task.evaluate().at("mel_distance"), 0.8 * before);
}

TEST(CodecTask, DecoderOnlyKeepsTheCodes) {
  const auto codec = tiny();
  const Tensor noise = at::randn({4000}) * 0.1;
  const Tensor codes = [&] {
    const at::NoGradGuard no_grad;
    return codec->encode(noise.view({1, 1, -1}), 4);
  }();
  CodecTaskOptions how;
  how.frames = 8;
  how.decoder_only = true;
  CodecTask task(codec, {{noise}}, {}, how);
  TrainOptions options;
  options.steps = 3;
  options.batch = 2;
  const Tensor head = codec->head.weight.detach().clone();
  Trainer(task, options).run();
  const at::NoGradGuard no_grad;
  EXPECT_TRUE(at::equal(codec->encode(noise.view({1, 1, -1}), 4), codes));
  EXPECT_FALSE(at::equal(codec->head.weight, head));
}

}  // namespace
}  // namespace conclave
