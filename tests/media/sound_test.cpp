// Sound in and out: formats, rates, channels, and files that are not what they should be.
#include "framework/media/sound.h"

#include <ATen/ATen.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cmath>
#include <csignal>
#include <numbers>

#include "framework/base/error.h"
#include "framework/base/file.h"
#include "framework/media/resample.h"
#include "framework/media/sound_writer.h"
#include "testing/testing.h"

namespace conclave {
namespace {

using at::Tensor;
using ::testing::HasSubstr;

Tensor tone(double hertz, double seconds, int64_t rate, double height = 0.5) {
  const auto samples = static_cast<int64_t>(seconds * static_cast<double>(rate));
  return at::sin(at::arange(samples, at::kDouble) *
                 (2 * std::numbers::pi * hertz / static_cast<double>(rate)))
             .to(at::kFloat) *
         height;
}

// 16-bit WAV with any number of channels, interleaved.
std::string wav(const Tensor& x_NC, int64_t rate) {
  const auto number = [](int64_t value, int bytes) {
    std::string text;
    for (int i = 0; i < bytes; ++i) text.push_back(static_cast<char>(value >> (8 * i)));
    return text;
  };
  const std::string data = pcm16(x_NC.reshape({-1}));
  const int64_t channels = x_NC.size(1);
  return "RIFF" + number(static_cast<int64_t>(data.size()) + 36, 4) + "WAVEfmt " + number(16, 4) +
         number(1, 2) + number(channels, 2) + number(rate, 4) + number(rate * channels * 2, 4) +
         number(channels * 2, 2) + number(16, 2) + "data" + number(static_cast<int64_t>(data.size()), 4) +
         data;
}

template <class E = DataError>
void expect_refused(const std::string& bytes, const std::string& what) {
  try {
    decode_sound(bytes, "a.wav");
    ADD_FAILURE() << "accepted; wanted: " << what;
  } catch (const E& e) {
    EXPECT_THAT(e.what(), HasSubstr(what));
  }
}

double correlation(const Tensor& a, const Tensor& b) {
  const int64_t n = std::min(a.size(0), b.size(0));
  const Tensor x = a.narrow(0, 0, n), y = b.narrow(0, 0, n);
  return ((x * y).sum() / (x.norm() * y.norm())).item<double>();
}

TEST(Sound, WavAndFlacKeepEverySample) {
  const testing::TempDir folder;
  const Tensor x = tone(440, 0.3, 8000);
  for (const char* name : {"a.wav", "a.flac"}) {
    save_sound(folder / name, x, 8000);
    const auto back = load_sound(folder / name);
    EXPECT_EQ(back.sample_rate, 8000);
    ASSERT_EQ(back.samples_N.sizes(), x.sizes()) << name;
    EXPECT_LT((back.samples_N - x).abs().max().item<double>(), 1.01 / 32768) << name;
  }
}

TEST(Sound, LossyFormatsSoundAlike) {
  const testing::TempDir folder;
  const Tensor x = tone(440, 1, 16000);
  for (const char* name : {"a.opus", "a.ogg", "a.mp3"}) {
    save_sound(folder / name, x, 16000, {.bitrate = 32000});
    const auto back = load_sound(folder / name, {.sample_rate = 16000});
    EXPECT_NEAR(back.seconds(), 1, 0.1) << name;
    const Tensor middle = back.samples_N.narrow(0, 4000, 8000);
    EXPECT_NEAR(middle.square().mean().sqrt().item<double>(), 0.5 / std::numbers::sqrt2, 0.05) << name;
  }
  EXPECT_THROW(save_sound(folder / "a.xyz", x, 16000), UsageError);
}

TEST(Sound, WritingInPiecesIsTheSame) {
  const testing::TempDir folder;
  const Tensor x = tone(300, 0.7, 11025);
  for (const char* kind : {".wav", ".flac", ".opus", ".mp3"}) {
    const auto whole = folder / (std::string("whole") + kind), parts = folder / (std::string("parts") + kind);
    save_sound(whole, x, 11025);
    SoundWriter writer(parts, 11025);
    for (const auto& part : x.split(1000)) writer.write(part);
    EXPECT_FALSE(std::filesystem::exists(parts));
    writer.finish();
    EXPECT_EQ(load_sound(whole).samples_N.size(0), load_sound(parts).samples_N.size(0)) << kind;
    EXPECT_GT(correlation(load_sound(whole).samples_N, load_sound(parts).samples_N), 0.9999) << kind;
  }
}

TEST(Sound, ChannelsAreAveragedAndRatesConverted) {
  const Tensor left = tone(500, 0.5, 44100), right = tone(900, 0.5, 44100);
  const auto mono = decode_sound(wav(at::stack({left, right}, 1), 44100), "stereo.wav");
  EXPECT_LT((mono.samples_N - (left + right) / 2).abs().max().item<double>(), 1e-4);
  const auto slow = decode_sound(wav(left.unsqueeze(1), 44100), "mono.wav", {.sample_rate = 8000});
  EXPECT_EQ(slow.samples_N.size(0), 4000);
  EXPECT_GT(correlation(slow.samples_N, tone(500, 0.5, 8000)), 0.999);
  // What a rate cannot hold goes away.
  const auto high =
      decode_sound(wav(tone(6000, 0.5, 44100).unsqueeze(1), 44100), "high.wav", {.sample_rate = 8000});
  EXPECT_LT(high.samples_N.narrow(0, 500, 3000).abs().max().item<double>(), 0.01);
  EXPECT_EQ(resample(left, 44100, 44100).size(0), left.size(0));
}

TEST(Sound, EightChannelsAt192Kilohertz) {
  std::vector<Tensor> channels;
  for (int c = 0; c < 8; ++c) channels.push_back(tone(200 + 50 * c, 0.2, 192000, 0.9));
  Tensor sum = at::zeros({1600});
  for (int c = 0; c < 8; ++c) sum = sum + tone(200 + 50 * c, 0.2, 8000, 0.9);
  const auto mono = decode_sound(wav(at::stack(channels, 1), 192000), "eight.wav", {.sample_rate = 8000});
  ASSERT_EQ(mono.samples_N.size(0), 1600);
  EXPECT_GT(correlation(mono.samples_N, sum / 8), 0.99);
}

TEST(Sound, OneSampleAndSilence) {
  EXPECT_EQ(decode_sound(wav(at::full({1, 1}, 0.25), 8000), "one.wav").samples_N.size(0), 1);
  const auto silence = decode_sound(wav(at::zeros({800, 1}), 8000), "silence.wav", {.sample_rate = 16000});
  EXPECT_EQ(silence.samples_N.abs().max().item<double>(), 0);
  expect_refused(wav(at::zeros({0, 1}), 8000), "");
}

TEST(Sound, WhatIsNoSoundIsNamed) {
  expect_refused("This is a letter, dear reader, and no sound.\n", "it is text");
  expect_refused("", "is empty");
  expect_refused(std::string("\x89PNG\r\n\x1a\n") + std::string(200, 'x'), "sound");
  EXPECT_THROW(load_sound("/no/such/file.wav"), DataError);
  std::string playlist = "#EXTM3U\n#EXTINF:1,\n/etc/passwd\n";
  expect_refused(playlist, "it is text");
}

TEST(Sound, CutFilesAreRefused) {
  const testing::TempDir folder;
  const Tensor x = tone(440, 3, 16000);
  for (const char* name : {"a.mp3", "a.flac", "a.wav"}) {
    save_sound(folder / name, x, 16000);
    const auto bytes = read_file(folder / name);
    try {
      decode_sound(bytes.substr(0, bytes.size() / 2), name);
      ADD_FAILURE() << name << " was accepted";
    } catch (const DataError& e) {
      EXPECT_THAT(e.what(), HasSubstr("cut short")) << name;
    }
  }
}

TEST(Sound, LongSoundIsRefusedOrCut) {
  const auto bytes = wav(at::zeros({8000, 1}), 1000);
  EXPECT_THROW(decode_sound(bytes, "long.wav", {.max_seconds = 2}), DataError);
  EXPECT_EQ(decode_sound(bytes, "long.wav", {.max_seconds = 2, .cut = true}).samples_N.size(0), 2000);
}

TEST(Sound, AFullDiskLeavesNothing) {
  const testing::TempDir folder;
  struct rlimit before;
  getrlimit(RLIMIT_FSIZE, &before);
  const struct rlimit little = {4096, before.rlim_max};
  const auto old = std::signal(SIGXFSZ, SIG_IGN);
  setrlimit(RLIMIT_FSIZE, &little);
  EXPECT_THROW(save_sound(folder / "a.wav", tone(440, 3, 16000), 16000), Error);
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, old);
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

}  // namespace
}  // namespace conclave
