#include "models/multimodal/picture_processor.h"

#include <ATen/ATen.h>

#include <cmath>

#include "framework/base/error.h"
#include "framework/media/antialias.h"

namespace conclave {
namespace {

constexpr int64_t kMostPixels = int64_t{1} << 28;

constexpr const char* kSquareTypes[] = {"CLIPImageProcessor", "CLIPImageProcessorFast",
                                        "CLIPFeatureExtractor", "SiglipImageProcessor",
                                        "SiglipImageProcessorFast"};
constexpr const char* kPatchTypes[] = {"Qwen2VLImageProcessor",        "Qwen2VLImageProcessorFast",
                                       "Qwen2_5_VLImageProcessor",     "Qwen3VLImageProcessor",
                                       "Ernie4_5_VLMoeImageProcessor", "Ernie4_5_VLMoeImageProcessorFast"};

/// Reads settings of one file and remembers which were asked for.
class Settings {
 public:
  Settings(const Json& config, std::string name) : config_(config), name_(std::move(name)) {
    require<UsageError>(config.is_object(), "{}: a JSON object is wanted", name_);
  }
  template <class... Args>
  [[noreturn]] void fail(fmt::format_string<Args...> text, Args&&... args) const {
    throw UsageError(name_ + ": " + fmt::format(text, std::forward<Args>(args)...));
  }
  const Json& get(const char* key) const {
    static const Json nothing;
    const auto found = config_.find(key);
    return found == config_.end() ? nothing : *found;
  }
  bool flag(const char* key, bool otherwise) const {
    const Json& value = get(key);
    if (value.is_null()) return otherwise;
    if (!value.is_boolean()) fail("{} = {} is neither true nor false", key, value.dump());
    return value.get<bool>();
  }
  int64_t integer(const Json& value, const std::string& key, int64_t low, int64_t high) const {
    if (!value.is_number_integer() || value.get<int64_t>() < low || value.get<int64_t>() > high)
      fail("{} = {} is no whole number from {} to {}", key, value.dump(), low, high);
    return value.get<int64_t>();
  }
  int64_t integer(const char* key, int64_t otherwise, int64_t low, int64_t high) const {
    return get(key).is_null() ? otherwise : integer(get(key), key, low, high);
  }
  std::vector<double> three(const char* key) const {
    const Json& value = get(key);
    std::vector<double> numbers;
    if (value.is_array())
      for (const auto& number : value)
        if (number.is_number()) numbers.push_back(number.get<double>());
    if (numbers.size() != 3 || value.size() != 3)
      fail("{} = {}: three numbers are wanted", key, value.dump());
    return numbers;
  }
  /// {"height", "width"}, or one number for both.
  std::pair<int64_t, int64_t> size(const char* key) const {
    const Json& value = get(key);
    if (value.is_number()) {
      const int64_t side = integer(value, key, 1, 1 << 14);
      return {side, side};
    }
    if (!value.is_object() || value.size() != 2 || !value.contains("height") || !value.contains("width"))
      fail("{} = {} is not supported (supported: a number, or height and width)", key, value.dump());
    return {integer(value["height"], std::string(key) + ".height", 1, 1 << 14),
            integer(value["width"], std::string(key) + ".width", 1, 1 << 14)};
  }

 private:
  const Json& config_;
  std::string name_;
};

std::string filter_of(const Settings& settings) {
  constexpr const char* kByNumber[] = {"nearest", "lanczos", "bilinear", "bicubic", "box", "hamming"};
  return kByNumber[settings.integer("resample", 3, 0, 5)];
}

bool is_one_of(const std::string& type, auto& types) {
  return std::find(std::begin(types), std::end(types), type) != std::end(types);
}

/// Python's round: halves to the even side.
int64_t even_round(double x) {
  return static_cast<int64_t>(std::nearbyint(x));
}

}  // namespace

PictureProcessor::PictureProcessor(const Json& config, const std::string& name) : settings_(config.dump()) {
  const Settings settings(config, name);
  Json type = settings.get("image_processor_type");
  if (type.is_null()) type = settings.get("feature_extractor_type");
  const auto kind = type.is_string() ? type.get<std::string>() : std::string();
  if (is_one_of(kind, kPatchTypes))
    kind_ = Kind::kPatches;
  else if (!is_one_of(kind, kSquareTypes))
    settings.fail("image_processor_type = {} is not supported (supported: {}, {})", type.dump(),
                  fmt::join(kSquareTypes, ", "), fmt::join(kPatchTypes, ", "));
  for (const char* key : {"do_rescale", "do_normalize", "do_resize"})
    if (!settings.flag(key, true)) settings.fail("{} = false is not supported (supported: true)", key);
  if (settings.flag("do_pad", false)) settings.fail("do_pad = true is not supported (supported: false)");
  filter_ = filter_of(settings);
  const Json& factor = settings.get("rescale_factor");
  if (!factor.is_null() && !factor.is_number())
    settings.fail("rescale_factor = {} is no number", factor.dump());
  scale_ = factor.is_null() ? 1.0 / 255 : factor.get<double>();
  mean_ = settings.three("image_mean");
  std_ = settings.three("image_std");
  for (const double s : std_)
    if (!(s > 0)) settings.fail("image_std = {} must be above 0", settings.get("image_std").dump());

  const Json& size = settings.get("size");
  if (kind_ == Kind::kPatches) {
    patch_ = settings.integer("patch_size", 14, 1, 256);
    const bool ernie = kind.starts_with("Ernie");  // other defaults
    frames_ = settings.integer("temporal_patch_size", ernie ? 1 : 2, 1, 16);
    merge_ = settings.integer("merge_size", 2, 1, 16);
    const bool named = size.is_object() && size.contains("shortest_edge") && size.contains("longest_edge");
    min_pixels_ = named ? settings.integer(size["shortest_edge"], "size.shortest_edge", 1, kMostPixels)
                        : settings.integer("min_pixels", 56 * 56, 1, kMostPixels);
    max_pixels_ = named ? settings.integer(size["longest_edge"], "size.longest_edge", 1, kMostPixels)
                        : settings.integer("max_pixels", 28 * 28 * (ernie ? 6177 : 1280), 1, kMostPixels);
    if (!settings.get("min_pixels").is_null())
      min_pixels_ = settings.integer("min_pixels", 1, 1, kMostPixels);
    if (!settings.get("max_pixels").is_null())
      max_pixels_ = settings.integer("max_pixels", 1, 1, kMostPixels);
    if (min_pixels_ > max_pixels_)
      settings.fail("min_pixels {} is above max_pixels {}", min_pixels_, max_pixels_);
    return;
  }
  if (size.is_object() && size.size() == 1 && size.contains("shortest_edge"))
    shortest_ = settings.integer(size["shortest_edge"], "size.shortest_edge", 1, 1 << 14);
  else if (size.is_number() && kind.starts_with("CLIP"))
    shortest_ = settings.integer(size, "size", 1, 1 << 14);  // as files of the first years have it
  else
    std::tie(height_, width_) = settings.size("size");
  if (settings.flag("do_center_crop", kind.starts_with("CLIP")))
    std::tie(crop_height_, crop_width_) = settings.size("crop_size");
  else if (shortest_ > 0)
    settings.fail(
        "size.shortest_edge without do_center_crop gives pictures of unequal size, which is not supported");
}

PictureProcessor PictureProcessor::load(const std::filesystem::path& folder) {
  const auto own = folder / "preprocessor_config.json", joint = folder / "processor_config.json";
  if (std::filesystem::exists(own)) return PictureProcessor(read_json(own), own.string());
  if (std::filesystem::exists(joint)) {
    const Json config = read_json(joint);
    if (config.is_object() && config.contains("image_processor"))
      return PictureProcessor(config["image_processor"], joint.string() + ": image_processor");
  }
  throw DataError(folder.string(), "",
                  "does not say how pictures are prepared (looked for preprocessor_config.json, "
                  "'image_processor' in processor_config.json)");
}

Tensor PictureProcessor::normalised(const Tensor& picture_HW3) const {
  const Tensor scaled = picture_HW3.to(at::kDouble).mul(scale_).sub(at::tensor(mean_, at::kDouble));
  return scaled.div(at::tensor(std_, at::kDouble)).to(at::kFloat).permute({2, 0, 1}).contiguous();
}

std::pair<int64_t, int64_t> PictureProcessor::square_size(int64_t height, int64_t width) const {
  if (shortest_ == 0) return {height_, width_};
  // The longer side is cut off, not rounded.
  const int64_t shorter = std::min(height, width);
  const int64_t to_height = shortest_ * height / shorter, to_width = shortest_ * width / shorter;
  require<UsageError>(to_height * to_width <= kMostPixels, "a picture of {} x {} is too narrow", width,
                      height);
  return {to_height, to_width};
}

std::array<double, 4> PictureProcessor::square_area(int64_t height, int64_t width) const {
  const auto h = static_cast<double>(height), w = static_cast<double>(width);
  if (crop_height_ == 0) return {0, 0, w, h};
  const auto [to_height, to_width] = square_size(height, width);
  // The same rounding as where it is cropped; below 0 where there are margins.
  const auto first = [](int64_t size, int64_t crop) {
    const int64_t missing = std::max<int64_t>(0, crop - size);
    return static_cast<double>((size + missing - crop) / 2 - (missing + 1) / 2);
  };
  const double y = h / static_cast<double>(to_height), x = w / static_cast<double>(to_width);
  return {first(to_width, crop_width_) * x, first(to_height, crop_height_) * y,
          static_cast<double>(crop_width_) * x, static_cast<double>(crop_height_) * y};
}

Tensor PictureProcessor::square(const Tensor& picture_HW3) const {
  const auto [to_height, to_width] = square_size(picture_HW3.size(0), picture_HW3.size(1));
  Tensor picture = antialiased_resize(picture_HW3, to_height, to_width, filter_);
  if (crop_height_ > 0) {
    // A picture smaller than the crop gets black margins.
    const int64_t missing_y = std::max<int64_t>(0, crop_height_ - to_height);
    const int64_t missing_x = std::max<int64_t>(0, crop_width_ - to_width);
    const int64_t before_y = (missing_y + 1) / 2, before_x = (missing_x + 1) / 2;
    picture = at::constant_pad_nd(picture,
                                  {0, 0, before_x, missing_x - before_x, before_y, missing_y - before_y}, 0);
    const int64_t top = (picture.size(0) - crop_height_) / 2, left = (picture.size(1) - crop_width_) / 2;
    picture = picture.narrow(0, top, crop_height_).narrow(1, left, crop_width_);
  }
  return normalised(picture);
}

std::pair<int64_t, int64_t> PictureProcessor::smart_size(int64_t height, int64_t width,
                                                         int64_t frames) const {
  const int64_t factor = patch_ * merge_;
  if (frames > 0 && std::min(height, width) < factor) {
    const double grow = static_cast<double>(factor) / static_cast<double>(std::min(height, width));
    height = static_cast<int64_t>(static_cast<double>(height) * grow);
    width = static_cast<int64_t>(static_cast<double>(width) * grow);
  }
  require<UsageError>(std::max(height, width) <= 200 * std::min(height, width),
                      "a picture of {} x {}: one side is more than 200 times the other", width, height);
  const auto f = static_cast<double>(factor), h = static_cast<double>(height), w = static_cast<double>(width);
  const double all = static_cast<double>(std::max<int64_t>(frames, 1)) * h * w;
  const int64_t deep =
      frames > 0 ? even_round(static_cast<double>(frames) / static_cast<double>(frames_)) * frames_ : 1;
  int64_t to_height = even_round(h / f) * factor, to_width = even_round(w / f) * factor;
  if (deep * to_height * to_width > max_pixels_) {
    const double shrink = std::sqrt(all / static_cast<double>(max_pixels_));
    to_height = std::max(factor, static_cast<int64_t>(std::floor(h / shrink / f)) * factor);
    to_width = std::max(factor, static_cast<int64_t>(std::floor(w / shrink / f)) * factor);
  } else if (deep * to_height * to_width < min_pixels_) {
    const double grow = std::sqrt(static_cast<double>(min_pixels_) / all);
    to_height = static_cast<int64_t>(std::ceil(h * grow / f)) * factor;
    to_width = static_cast<int64_t>(std::ceil(w * grow / f)) * factor;
  }
  return {to_height, to_width};
}

Tensor PictureProcessor::patches(const std::vector<Tensor>& frames, int64_t height, int64_t width) const {
  require(!frames.empty() && kind_ == Kind::kPatches,
          "[pictures] no frames, or none that are cut to patches");
  const int64_t rows = height / patch_, columns = width / patch_;
  std::vector<Tensor> groups, group;
  for (const Tensor& frame_HW3 : frames) {
    group.push_back(normalised(antialiased_resize(frame_HW3, height, width, filter_)));
    if (std::ssize(group) < frames_ && &frame_HW3 != &frames.back()) continue;
    while (std::ssize(group) < frames_) group.push_back(group.back());
    // Patches of one merged token stand side by side.
    groups.push_back(at::stack(std::exchange(group, {}), 1)
                         .view({3, frames_, rows / merge_, merge_, patch_, columns / merge_, merge_, patch_})
                         .permute({2, 5, 3, 6, 0, 1, 4, 7})
                         .reshape({rows * columns, 3 * frames_ * patch_ * patch_}));
  }
  return at::cat(groups);
}

PreparedPictures PictureProcessor::prepare(const std::vector<Tensor>& pictures) const {
  PreparedPictures prepared;
  if (pictures.empty()) return prepared;
  std::vector<Tensor> parts;
  std::vector<int64_t> grid;
  for (const auto& picture : pictures) {
    if (kind_ == Kind::kSquare) {
      parts.push_back(square(picture));
      prepared.tokens.push_back(1);
      prepared.areas.push_back(square_area(picture.size(0), picture.size(1)));
      continue;
    }
    const auto [height, width] = smart_size(picture.size(0), picture.size(1));
    parts.push_back(patches({picture}, height, width));  // a still picture counts as frames that are equal
    prepared.areas.push_back(
        {0, 0, static_cast<double>(picture.size(1)), static_cast<double>(picture.size(0))});
    grid.insert(grid.end(), {1, height / patch_, width / patch_});
    prepared.tokens.push_back(height / patch_ / merge_ * (width / patch_ / merge_));
  }
  prepared.tensors["pixel_values"] = kind_ == Kind::kSquare ? at::stack(parts) : at::cat(parts);
  if (kind_ == Kind::kPatches) prepared.tensors["image_grid_thw"] = at::tensor(grid, at::kLong).view({-1, 3});
  return prepared;
}

}  // namespace conclave
