// data/videos.safetensors was made by tests/parity/make_processed_videos.py with transformers.
#include "models/multimodal/video_processor.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "framework/base/error.h"
#include "framework/tensor/safetensors.h"
#include "testing/numeric.h"
#include "testing/testing.h"

namespace conclave {
namespace {

using ::testing::HasSubstr;
using testing::max_difference;

Tensor recorded_video(const std::string& name) {
  static const Safetensors file(std::string(CONCLAVE_SOURCE_DIR) + "/tests/models/data/videos.safetensors");
  return file.tensor(name);
}

Json settings(const std::string& kind) {
  Json config = {
      {"patch_size", 4}, {"merge_size", 2},  {"temporal_patch_size", 2},      {"fps", 2},
      {"min_frames", 4}, {"max_frames", 10}, {"image_mean", {0.5, 0.4, 0.3}}, {"image_std", {0.5, 0.3, 0.2}}};
  config["video_processor_type"] = kind == "second" ? "Qwen2VLVideoProcessor" : "Qwen3VLVideoProcessor";
  config["size"] = {{"shortest_edge", kind == "second" ? 64 : 512},
                    {"longest_edge", kind == "second" ? 512 : 4096}};
  return config;
}

TEST(VideoProcessor, ChoosesTheOriginalsFrames) {
  for (const std::string kind : {"second", "third"}) {
    const VideoProcessor processor(settings(kind), "v.json");
    const Tensor rows = recorded_video(kind + ".numbers");
    ASSERT_EQ(rows.size(0), 40);
    for (int64_t i = 0; i < rows.size(0); ++i) {
      std::vector<int64_t> wanted;
      for (int64_t j = 2; j < rows.size(1) && rows[i][j].item<double>() >= 0; ++j)
        wanted.push_back(rows[i][j].item<int64_t>());
      EXPECT_EQ(processor.sample(rows[i][0].item<int64_t>(), rows[i][1].item<double>()), wanted)
          << kind << ": " << rows[i][0].item<int64_t>() << " frames at " << rows[i][1].item<double>();
    }
    EXPECT_EQ(processor.sample(100, 1, 4).size(), 4u);
    EXPECT_THROW(processor.sample(1, 1), UsageError);
  }
}

TEST(VideoProcessor, GivesTheOriginalsPatches) {
  for (const std::string kind : {"second", "third"})
    for (const std::string name : {"fitting", "resized", "small"}) {
      const VideoProcessor processor(settings(kind), "v.json");
      const Tensor all_THW3 = recorded_video(name + ".frames");
      Frames video;
      video.count = all_THW3.size(0);
      video.rate = 3;
      video.numbers = processor.sample(video.count, video.rate);
      for (const int64_t number : video.numbers) video.pictures.push_back(all_THW3[number]);
      const std::string recorded = kind + "." + name;
      const auto made = processor.prepare({video});
      EXPECT_TRUE(at::equal(at::tensor(video.numbers), recorded_video(recorded + ".numbers"))) << recorded;
      EXPECT_TRUE(at::equal(made.tensors.at("video_grid_thw"), recorded_video(recorded + ".grid")))
          << recorded;
      const Tensor wanted = recorded_video(recorded + ".pixels").to(at::kFloat),
                   got = made.tensors.at("pixel_values_videos");
      ASSERT_EQ(got.sizes(), wanted.sizes()) << recorded;
      // The original resizes by other rounding: up to two levels of 255, which a deviation of 0.2 makes 0.04.
      EXPECT_LE(max_difference(got, wanted), name == "fitting" ? 3e-3 : 0.045) << recorded;
      const double seconds = 2.0 / recorded_video(recorded + ".rate")[0].item<double>();
      EXPECT_NEAR(made.tensors.at("second_per_grid_ts")[0].item<double>(), seconds, 1e-5) << recorded;
      ASSERT_EQ(made.videos.size(), 1u);
      EXPECT_EQ(made.videos[0].frames * made.videos[0].tokens * 4, got.size(0));
    }
}

TEST(VideoProcessor, WhatIsNotSupportedIsNamed) {
  Json config = settings("third");
  config["video_processor_type"] = "InternVLVideoProcessor";
  try {
    VideoProcessor(config, "v.json");
    FAIL();
  } catch (const UsageError& error) {
    EXPECT_THAT(error.what(),
                HasSubstr("v.json: video_processor_type = \"InternVLVideoProcessor\" is not supported"));
  }
  config = settings("second");
  config["fps"] = 0;
  EXPECT_THROW(VideoProcessor(config, "v.json"), UsageError);
  EXPECT_THROW(VideoProcessor::load(testing::TempDir().path()), DataError);
}

}  // namespace
}  // namespace conclave
