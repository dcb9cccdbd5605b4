// Published models of sound, as a user has them: coded and decoded with, and looked at.
#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "framework/base/file.h"
#include "framework/base/json.h"
#include "framework/media/sound.h"
#include "framework/media/sound_codes_file.h"
#include "framework/media/sound_writer.h"
#include "models/audio/codec.h"
#include "models/checkpoint/checkpoint.h"
#include "testing/process.h"
#include "testing/testing.h"

namespace conclave {
namespace {

using ::testing::HasSubstr;
using testing::Outcome;
namespace fs = std::filesystem;

Outcome run_audio(std::vector<std::string> words) {
  words.insert(words.begin(), "conclave-audio");
  if (words[1] != "inspect") words.emplace_back("--no-history");
  return testing::run_program(words);
}

TEST(PublishedCodecs, EncodeAndDecodeAsTheyArePublished) {
  CONCLAVE_NEED_DATA("parity");
  const fs::path parity = *testing::data_dir() / "parity";
  const testing::TempDir dir;
  const std::string wave = (dir / "in.wav").string(), codes = (dir / "c.cvs").string(),
                    back = (dir / "b.wav").string();
  save_sound(wave, at::sin(at::arange(24001, at::kFloat) * 0.1) * 0.3, 24000);
  for (const char* name : {"dac", "dac-pth", "dac-pth/weights_16khz.pth", "encodec", "mimi"}) {
    SCOPED_TRACE(name);
    const std::string model = (parity / name).string();
    const auto encoded = run_audio({"encode", wave, "-o", codes, "--model", model, "--json"});
    ASSERT_EQ(encoded.code, 0) << encoded.err;
    const auto file = read_sound_codes(read_file(codes), codes);
    EXPECT_GE(parse_json(encoded.out, "line").at("payload_bits_per_second"), 50);
    // The codes are the codec's own for the sound as it was read, with zeros to a whole frame.
    const auto codec = load_as(open_checkpoint(model), make_codec, at::kFloat);
    Tensor sound_N = load_sound(wave, {.sample_rate = codec->sample_rate}).samples_N;
    EXPECT_EQ(file.samples, sound_N.size(0));
    sound_N = at::constant_pad_nd(sound_N, {0, file.frames() * codec->hop - sound_N.size(0)});
    const Tensor own_FK = codec->encode(sound_N.view({1, 1, -1}), codec->books)[0].t().contiguous();
    ASSERT_EQ(own_FK.numel(), std::ssize(file.codes));
    EXPECT_TRUE(std::equal(file.codes.begin(), file.codes.end(), own_FK.const_data_ptr<int64_t>()));
    const auto decoded = run_audio({"decode", codes, "-o", back, "--model", model});
    ASSERT_EQ(decoded.code, 0) << decoded.err;
    EXPECT_EQ(load_sound(back).samples_N.size(0), file.samples);
  }
  const auto language = run_audio({"encode", wave, "-o", codes, "--model", (parity / "olmoe").string()});
  EXPECT_EQ(language.code, 2);
  EXPECT_THAT(language.err, HasSubstr("is no codec"));
}

TEST(PublishedCodecs, ModelsOfSoundAreLookedAt) {
  CONCLAVE_NEED_DATA("parity");
  for (const char* name : {"dac", "dac-pth", "encodec", "mimi", "musicgen", "unimoe-audio"}) {
    const auto told =
        run_audio({"inspect", "--model", (*testing::data_dir() / "parity" / name).string(), "--json"});
    ASSERT_EQ(told.code, 0) << name << ": " << told.err;
    EXPECT_GT(parse_json(told.out, name).at("parameters"), 1000) << name;
  }
}

}  // namespace
}  // namespace conclave
