// Pictures that are asked about again are not looked at again.
#include "models/multimodal/picture_cache.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "models/checkpoint/speaker.h"
#include "models/lettered_folder.h"
#include "testing/testing.h"

namespace conclave {
namespace {

CachedPicture cached(int64_t numbers) {
  CachedPicture picture;
  picture.seen = std::make_shared<const SeenPicture>(SeenPicture{{"tokens", at::zeros({numbers})}});
  picture.tokens = numbers;
  return picture;
}

TEST(PictureCache, TheLeastRecentlyAskedForLeave) {
  PictureCache cache(1000);  // 250 numbers
  cache.put("a", cached(100));
  cache.put("b", cached(100));
  EXPECT_EQ(cache.bytes(), 800);
  ASSERT_TRUE(cache.find("a"));
  cache.put("c", cached(100));  // b is the oldest now
  EXPECT_FALSE(cache.find("b"));
  EXPECT_EQ(cache.find("a")->tokens, 100);
  EXPECT_TRUE(cache.find("c"));
  EXPECT_EQ(cache.bytes(), 800);
  cache.put("large", cached(251));
  EXPECT_FALSE(cache.find("large"));
  EXPECT_TRUE(cache.find("a")) << "what fits nowhere drives nobody out";
  cache.put("all", cached(250));
  EXPECT_FALSE(cache.find("a"));
  EXPECT_EQ(cache.bytes(), 1000);
}

TEST(PictureCache, KeysAreThoseOfThePixelsAndTheSettings) {
  const auto grey = at::full({4, 6, 3}, 9, at::kByte);
  const auto key = PictureCache::key_of(grey, "{}");
  EXPECT_EQ(PictureCache::key_of(grey.clone(), "{}"), key);
  EXPECT_EQ(PictureCache::key_of(at::full({6, 4, 3}, 9, at::kByte).transpose(0, 1), "{}"), key);
  EXPECT_NE(PictureCache::key_of(grey.view({6, 4, 3}), "{}"), key);
  EXPECT_NE(PictureCache::key_of(grey + 1, "{}"), key);
  EXPECT_NE(PictureCache::key_of(grey, R"({"patch_size":2})"), key);
}

Json cached_settings(const std::string& type) {
  Json settings = {
      {"image_processor_type", type}, {"image_mean", {0.5, 0.5, 0.5}}, {"image_std", {0.5, 0.5, 0.5}}};
  if (type == "CLIPImageProcessor")
    settings.update({{"size", {{"shortest_edge", 8}}}, {"crop_size", 8}, {"do_center_crop", true}});
  else
    settings.update({{"patch_size", 2}, {"min_pixels", 64}, {"max_pixels", 256}});
  return settings;
}

class PicturesAskedAgain : public ::testing::TestWithParam<std::pair<const char*, const char*>> {};

TEST_P(PicturesAskedAgain, GiveTheSameRepliesAndAreSeenOnce) {
  const auto& [folder, type] = GetParam();
  LetteredFolder copy(checked_in(folder), 60);
  copy.write("preprocessor_config.json", cached_settings(type));
  const Speaker speaker = Speaker::load(copy.path());
  Speaker plain = Speaker::load(copy.path());
  plain.keep_pictures(0);
  at::manual_seed(5);
  const auto wide = at::randint(0, 255, {9, 16, 3}, at::kByte),
             tall = at::randint(0, 255, {14, 9, 3}, at::kByte);
  ReplyOptions options;
  options.max_tokens = 5;
  constexpr int64_t kPlace = 50;  // of the small models
  const auto ask = [&](const std::vector<Tensor>& pictures, int64_t last, int64_t seen) {
    std::string prompt = letter(7);
    for (size_t i = 0; i < pictures.size(); ++i) prompt += letter(kPlace);
    prompt += letter(last);
    const Reply kept = speaker.reply(prompt, true, pictures, options),
                anew = plain.reply(prompt, true, pictures, options);
    EXPECT_EQ(kept.tokens, anew.tokens);
    EXPECT_NEAR(kept.log_prob, anew.log_prob, 1e-4);
    EXPECT_EQ(kept.prompt_tokens, anew.prompt_tokens);
    EXPECT_EQ(kept.seen_pictures, seen);
    EXPECT_EQ(anew.seen_pictures, std::ssize(pictures));
  };
  ask({wide}, 9, 1);
  ask({wide}, 10, 0);
  ask({tall, wide}, 11, 1);
  ask({wide, tall}, 12, 0);
  ask({wide, tall.flip(0), wide}, 13, 1);
}

INSTANTIATE_TEST_SUITE_P(Folders, PicturesAskedAgain,
                         ::testing::Values(std::pair{"qwen2.5-vl", "Qwen2VLImageProcessor"},
                                           std::pair{"qwen3.5-vl", "Qwen2VLImageProcessor"},
                                           std::pair{"ernie-4.5-vl", "Ernie4_5_VLMoeImageProcessor"},
                                           std::pair{"llava-1.5", "CLIPImageProcessor"}));

}  // namespace
}  // namespace conclave
