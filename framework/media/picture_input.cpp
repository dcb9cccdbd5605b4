#include "framework/media/picture_input.h"

#include <ATen/ATen.h>

#include <cmath>

#include "framework/base/config_object.h"
#include "framework/base/error.h"

namespace conclave {
namespace {

std::array<double, 3> three(ConfigObject& object, const char* key, const std::array<double, 3>& fallback) {
  const auto list = object.get<std::vector<double>>(key, {fallback.begin(), fallback.end()});
  require<UsageError>(list.size() == 3, "{} has {} numbers, three are wanted", object.name(key), list.size());
  return {list[0], list[1], list[2]};
}

}  // namespace

PictureInputConfig PictureInputConfig::from_json(const Json& json, const std::string& path) {
  PictureInputConfig config;
  ConfigObject object(json, path);
  config.resize.policy = object.one_of("policy", {"stretch", "pad", "crop", "tiles"});
  config.resize.size = object.get_integer("size", config.resize.size, 1);
  config.resize.max_tiles = object.get_integer("max_tiles", config.resize.max_tiles, 1);
  config.resize.filter = object.one_of("filter", {"bicubic", "bilinear", "nearest"});
  config.resize.pad_color = object.get<std::vector<int64_t>>("pad_color", config.resize.pad_color);
  config.open.background = object.one_of("background", {"white", "black", "grey"});
  config.open.max_pixels = object.get_integer("max_pixels", config.open.max_pixels, 1);
  config.mean = three(object, "mean", config.mean);
  config.std = three(object, "std", config.std);
  object.finish();
  for (const double m : config.mean)
    require<UsageError>(std::abs(m) <= 1e6, "{} = {}: every number must be within a million",
                        object.name("mean"), m);
  for (const double s : config.std)
    require<UsageError>(s >= 1e-6 && s <= 1e6, "{} = {}: every number must be from 1e-6 to 1e6",
                        object.name("std"), s);
  return config;
}

Json PictureInputConfig::to_json() const {
  return {{"policy", resize.policy},
          {"size", resize.size},
          {"max_tiles", resize.max_tiles},
          {"filter", resize.filter},
          {"pad_color", resize.pad_color},
          {"background", open.background},
          {"max_pixels", open.max_pixels},
          {"mean", mean},
          {"std", std}};
}

PictureInput prepare_picture(const at::Tensor& picture_HW3, const PictureInputConfig& config) {
  auto resized = resize_picture(picture_HW3, config.resize);
  std::vector<at::Tensor> tiles;
  for (const auto& tile : resized.tiles) tiles.push_back(normalize_picture(tile, config.mean, config.std));
  return {at::stack(tiles), std::move(resized.record)};
}

PictureInput load_picture_input(const std::filesystem::path& path, const PictureInputConfig& config) {
  return prepare_picture(load_picture(path, config.open), config);
}

}  // namespace conclave
