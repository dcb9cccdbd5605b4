// data/pictures.safetensors was made by tests/parity/make_processed_pictures.py with Pillow.
#include "models/multimodal/picture_processor.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "framework/base/error.h"
#include "framework/media/antialias.h"
#include "framework/tensor/safetensors.h"
#include "testing/testing.h"

namespace conclave {
namespace {

const std::string kFile = std::string(CONCLAVE_SOURCE_DIR) + "/tests/models/data/pictures.safetensors";
constexpr const char* kPictures[] = {"wide", "tall", "small"};

Tensor recorded(const std::string& name) {
  static const Safetensors file(kFile);
  return file.tensor(name);
}

Json clip() {
  return {{"image_processor_type", "CLIPImageProcessor"},
          {"size", {{"shortest_edge", 20}}},
          {"crop_size", {{"height", 16}, {"width", 16}}},
          {"do_center_crop", true},
          {"resample", 3},
          {"rescale_factor", 0.00392156862745098},
          {"image_mean", {0.48145466, 0.4578275, 0.40821073}},
          {"image_std", {0.26862954, 0.26130258, 0.27577711}}};
}

Json siglip() {
  return {{"image_processor_type", "SiglipImageProcessor"},
          {"size", {{"height", 14}, {"width", 14}}},
          {"resample", 3},
          {"image_mean", {0.5, 0.5, 0.5}},
          {"image_std", {0.5, 0.5, 0.5}}};
}

Json qwen() {
  Json config = clip();
  for (const char* key : {"size", "crop_size", "do_center_crop"}) config.erase(key);
  config["image_processor_type"] = "Qwen2VLImageProcessor";
  config.update({{"patch_size", 4}, {"min_pixels", 64}, {"max_pixels", 512}});
  return config;
}

double largest_difference(const Tensor& a, const Tensor& b) {
  EXPECT_EQ(a.sizes(), b.sizes());
  return a.sizes() == b.sizes() ? (a - b).abs().max().item<double>() : 1e9;
}

TEST(AntialiasedResize, EveryPixelIsPillows) {
  for (const auto* name : kPictures) {
    for (const auto* filter : {"nearest", "box", "bilinear", "hamming", "bicubic", "lanczos"}) {
      for (const auto& [height, width] : {std::pair{16, 16}, {12, 30}}) {
        const auto wanted = recorded(fmt::format("{}.{}.{}x{}", name, filter, height, width));
        const auto got = antialiased_resize(recorded(name + std::string(".pixels")), height, width, filter);
        EXPECT_TRUE(at::equal(got, wanted)) << name << " " << filter << " " << height << "x" << width;
      }
    }
  }
}

// Like Qwen's with one frame, where Qwen's repeat the picture.
TEST(PictureProcessor, ErniesPatchesHaveOneFrame) {
  Json config = qwen();
  config["image_processor_type"] = "Ernie4_5_VLMoeImageProcessor";
  const PictureProcessor processor(config, "p.json");
  for (const auto* name : kPictures) {
    const auto prepared = processor.prepare({recorded(name + std::string(".pixels"))});
    const Tensor wanted = recorded(name + std::string(".qwen")).unflatten(1, {3, 2, 4 * 4}).select(2, 0);
    EXPECT_LT(largest_difference(prepared.tensors.at("pixel_values"), wanted.flatten(1)), 1e-6) << name;
    EXPECT_TRUE(at::equal(prepared.tensors.at("image_grid_thw"), recorded(name + std::string(".grid"))))
        << name;
  }
}

TEST(AntialiasedResize, WhatIsWrongIsNamed) {
  const auto picture = at::zeros({2, 2, 3}, at::kByte);
  EXPECT_THROW(antialiased_resize(picture, 2, 2, "soft"), UsageError);
  EXPECT_THROW(antialiased_resize(picture, 0, 2, "box"), UsageError);
  EXPECT_THROW(antialiased_resize(at::zeros({2, 0, 3}, at::kByte), 2, 2, "box"), UsageError);
}

TEST(PictureProcessor, ClipAndSiglipGiveTheOriginalsNumbers) {
  const PictureProcessor for_clip(clip(), "p.json"), for_siglip(siglip(), "p.json");
  for (const auto* name : kPictures) {
    const auto pixels = recorded(name + std::string(".pixels"));
    const auto made = for_clip.prepare({pixels, pixels});
    EXPECT_EQ(made.tokens, (std::vector<int64_t>{1, 1}));
    EXPECT_LT(largest_difference(made.tensors.at("pixel_values")[1], recorded(name + std::string(".clip"))),
              1e-6);
    EXPECT_LT(largest_difference(for_siglip.prepare({pixels}).tensors.at("pixel_values")[0],
                                 recorded(name + std::string(".siglip"))),
              1e-6);
  }
}

TEST(PictureProcessor, QwenGivesTheOriginalsPatches) {
  const PictureProcessor processor(qwen(), "p.json");
  std::vector<Tensor> all, patches, grids;
  for (const auto* name : kPictures) {
    all.push_back(recorded(name + std::string(".pixels")));
    patches.push_back(recorded(name + std::string(".qwen")));
    grids.push_back(recorded(name + std::string(".grid")));
  }
  const auto made = processor.prepare(all);
  EXPECT_LT(largest_difference(made.tensors.at("pixel_values"), at::cat(patches)), 1e-6);
  EXPECT_TRUE(at::equal(made.tensors.at("image_grid_thw"), at::cat(grids)));
  for (size_t i = 0; i < all.size(); ++i) EXPECT_EQ(made.tokens[i] * 4, patches[i].size(0));
}

TEST(PictureProcessor, SmartSizesAreTheOriginals) {
  Json config = qwen();
  config.update({{"patch_size", 14}, {"min_pixels", 3136}, {"max_pixels", 1003520}});
  const PictureProcessor processor(config, "p.json");
  const Tensor sizes = recorded("sizes");
  ASSERT_GT(sizes.size(0), 20);
  for (int64_t i = 0; i < sizes.size(0); ++i) {
    const auto n = [&](int64_t at) { return sizes[i][at].item<int64_t>(); };
    EXPECT_EQ(processor.smart_size(n(0), n(1)), std::pair(n(2), n(3))) << n(0) << " x " << n(1);
  }
  EXPECT_THROW(processor.smart_size(10, 3000), UsageError);
}

TEST(PictureProcessor, ASettingThatIsNotSupportedIsNamed) {
  const auto message = [](const Json& config) -> std::string {
    try {
      PictureProcessor(config, "p.json");
    } catch (const UsageError& e) {
      return e.what();
    }
    return "no UsageError";
  };
  const auto changed = [](Json config, const char* key, const Json& value) {
    config[key] = value;
    return config;
  };
  const auto has = [](const std::string& text, const std::string& part) {
    EXPECT_NE(text.find(part), std::string::npos) << text;
  };
  has(message(changed(clip(), "image_processor_type", "ViTImageProcessor")),
      "\"ViTImageProcessor\" is not supported");
  has(message(changed(clip(), "do_normalize", false)), "p.json: do_normalize = false is not supported");
  has(message(changed(clip(), "do_pad", true)), "do_pad");
  has(message(changed(clip(), "do_center_crop", false)), "do_center_crop");
  has(message(changed(clip(), "resample", 9)), "resample = 9");
  has(message(changed(clip(), "image_std", {0.1, 0, 1})), "must be above 0");
  has(message(changed(clip(), "image_mean", {0.1, 1})), "three numbers");
  has(message(changed(siglip(), "size", {{"longest_edge", 3}})), "size");
  has(message(changed(qwen(), "patch_size", 0)), "patch_size = 0");
  has(message(changed(qwen(), "min_pixels", 4096)), "min_pixels 4096 is above max_pixels 512");
  has(message(Json::array()), "a JSON object");
}

}  // namespace
}  // namespace conclave
