// Codecs beside the parity folders: other sizes, odd lengths, wrong codes.
#include "models/audio/codec.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "framework/base/error.h"
#include "models/audio/conv1d.h"
#include "models/audio/residual_quantizer.h"
#include "testing/numeric.h"
#include "testing/testing.h"

namespace conclave {
namespace {

using testing::error_of;
using ::testing::HasSubstr;
using testing::max_difference;

const char* const kDac = R"({"kind": "dac", "sample_rate": 24000, "width": 4, "rates": [3, 2], "latent": 10,
  "decoder_width": 16, "decoder_rates": [2, 3], "books": 3, "book_size": 11, "book_width": 4})";
const char* const kEncodec = R"({"kind": "encodec", "sample_rate": 600, "filters": 3, "width": 5,
  "rates": [3, 2], "bandwidths": [1, 3], "book_size": 1024, "lstm": 1, "weight_norm": true, "causal": false,
  "shortcut": false, "residuals": 2})";
const char* const kMimi = R"({"kind": "mimi", "sample_rate": 600, "filters": 2, "width": 8, "rates": [3, 2],
  "frame_rate": 50, "books": 4, "semantic_books": 2, "book_size": 7, "book_width": 3, "upsample_groups": 8,
  "pad": "constant", "transformer": {"width": 8, "layers": 1, "heads": 2, "norm": "layer_norm", "window": 3,
  "last_norm": false, "ffn": {"kind": "plain_ffn", "hidden": 12, "bias": false}}})";

// The samples a sound decodes to belong to its frames, whatever its length and batch.
TEST(Codec, AnyLengthEncodesAndDecodes) {
  const at::NoGradGuard no_grad;
  at::manual_seed(3);
  for (const auto& [config, hop, last] : {std::tuple(kDac, 6, 1), {kEncodec, 6, 0}, {kMimi, 12, 0}}) {
    const auto codec = make_codec(Json::parse(config));
    for (const int64_t length : {hop, 2 * hop + 1, 5 * hop - 1}) {
      const Tensor audio = at::randn({2, 1, length});
      const Tensor codes = codec->encode(audio, codec->books);
      const int64_t frames = (length + hop - 1) / hop;
      EXPECT_EQ(codes.sizes(), (at::IntArrayRef{2, codec->books, frames})) << config;
      const Tensor back = codec->decode(codes);
      // DAC's odd rates lose samples at the end.
      EXPECT_LE(back.size(2), frames * hop);
      EXPECT_GT(back.size(2), (frames - 1) * hop - 6 * last);
      // A row does not depend on its neighbour.
      const Tensor alone = codec->encode(audio.narrow(0, 1, 1), codec->books);
      EXPECT_TRUE(at::equal(alone, codes.narrow(0, 1, 1)));
      EXPECT_LT(max_difference(codec->decode(alone), back.narrow(0, 1, 1)), 1e-5);
      // Fewer codebooks are the first ones.
      EXPECT_TRUE(at::equal(codec->encode(audio, 2), codes.narrow(1, 0, 2)));
    }
  }
}

TEST(Codec, CodesThatDoNotExistAreErrors) {
  for (const auto& config : {kDac, kEncodec, kMimi}) {
    const auto codec = make_codec(Json::parse(config));
    const auto error = [&](const Tensor& codes) { return error_of([&] { codec->decode(codes); }); };
    EXPECT_THAT(error(at::full({1, 2, 3}, codec->book_size, at::kLong)),
                HasSubstr("codes must be from 0 to"));
    EXPECT_THAT(error(at::full({1, 2, 3}, -1, at::kLong)), HasSubstr("codes must be from 0 to"));
    EXPECT_THAT(error(at::zeros({1, codec->books + 1, 3}, at::kLong)), HasSubstr("[B,K,F]"));
    EXPECT_NE(error_of([&] { codec->encode(at::zeros({1, 1, 64}), codec->books + 1); }), "no error");
  }
}

TEST(Codec, SettingsAreNamed) {
  const auto error_for = [](const char* config, const char* key, const Json& value) {
    Json changed = Json::parse(config);
    changed[key] = value;
    return error_of([&] { make_codec(changed); });
  };
  EXPECT_THAT(error_for(kDac, "rates", Json({0})), HasSubstr("codec.rates"));
  EXPECT_THAT(error_for(kDac, "decoder_width", 2), HasSubstr("too narrow to be halved 2 times"));
  EXPECT_THAT(error_for(kDac, "colour", 2), HasSubstr("colour"));
  EXPECT_THAT(error_for(kEncodec, "pad", "mirror"), HasSubstr("must be one of reflect"));
  EXPECT_THAT(error_for(kMimi, "frame_rate", 33.3), HasSubstr("codec.frame_rate"));
  EXPECT_THAT(error_for(kMimi, "semantic_books", 4), HasSubstr("must be below 4 books"));
}

// One frame for each started stride; causal frames see nothing that comes later.
TEST(FramedConv, CausalFramesSeeThePastAlone) {
  at::manual_seed(5);
  const FramedConv conv(1, 2, 5, {.stride = 2}, {.causal = true, .pad = "constant"});
  Tensor x = at::randn({1, 1, 11});
  const Tensor y = conv.forward(x);
  ASSERT_EQ(y.size(2), 6);
  x.narrow(2, 6, 5).fill_(9);
  EXPECT_EQ(max_difference(conv.forward(x).narrow(2, 0, 3), y.narrow(2, 0, 3)), 0);
  EXPECT_GT(max_difference(conv.forward(x).narrow(2, 3, 3), y.narrow(2, 3, 3)), 0.1);
}

TEST(ResidualQuantizer, TakesTheNearestOfWhatIsLeft) {
  at::manual_seed(7);
  const ResidualQuantizer books(3, 6, 4, /*as_sums=*/true);
  const Tensor x = at::randn({1, 4, 5}), codes = books.encode(x, 3);
  for (int64_t f = 0; f < 5; ++f) {
    Tensor rest = x[0].select(1, f);
    for (int64_t k = 0; k < 3; ++k) {
      const Tensor rows = books.layers[static_cast<size_t>(k)]->rows_ND();
      const auto nearest = (rows - rest).norm(2, 1).argmin().item<int64_t>();
      EXPECT_EQ(codes[0][k][f].item<int64_t>(), nearest);
      rest = rest - rows[nearest];
    }
    EXPECT_LT(max_difference(x[0].select(1, f) - rest, books.decode(codes)[0].select(1, f)), 1e-5);
  }
}

}  // namespace
}  // namespace conclave
