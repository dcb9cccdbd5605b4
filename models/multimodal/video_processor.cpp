#include "models/multimodal/video_processor.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "framework/base/error.h"

namespace conclave {
namespace {

// What the published classes take where a file is silent.
Json video_defaults(bool third) {
  return Json::parse(third
                         ? R"({"image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5], "patch_size": 16,
                                 "size": {"shortest_edge": 131072, "longest_edge": 786432}})"
                         : R"({"image_mean": [0.48145466, 0.4578275, 0.40821073],
                                 "image_std": [0.26862954, 0.26130258, 0.27577711],
                                 "size": {"shortest_edge": 100352, "longest_edge": 602112}})");
}

bool is_third(const Json& config, const std::string& name) {
  require<UsageError>(config.is_object(), "{}: a JSON object is wanted", name);
  const Json type = config.value("video_processor_type", config.value("image_processor_type", Json()));
  const auto kind = type.is_string() ? type.get<std::string>() : std::string();
  const bool third = kind == "Qwen3VLVideoProcessor";
  require<UsageError>(third || kind == "Qwen2VLVideoProcessor" || kind == "Qwen2_5_VLVideoProcessor" ||
                          kind.starts_with("Qwen2VLImageProcessor") || kind == "Qwen2_5_VLImageProcessor",
                      "{}: video_processor_type = {} is not supported (supported: Qwen2VLVideoProcessor, "
                      "Qwen2_5_VLVideoProcessor, Qwen3VLVideoProcessor)",
                      name, type.dump());
  return third;
}

// The settings of pictures in a file about videos.
Json for_frames(bool third, const Json& config) {
  Json settings = video_defaults(third);
  settings.update(config);
  settings["image_processor_type"] = third ? "Qwen3VLImageProcessor" : "Qwen2VLImageProcessor";
  return settings;
}

}  // namespace

VideoProcessor::VideoProcessor(bool third, const Json& config, const std::string& name)
    : third_(third), pictures_(for_frames(third, config), name) {
  const auto number = [&](const char* key, double otherwise) {
    const Json value = config.value(key, Json());
    if (value.is_null()) return otherwise;
    require<UsageError>(value.is_number() && value.get<double>() > 0 && value.get<double>() <= 10000,
                        "{}: {} = {} is no number above 0 and up to 10000", name, key, value.dump());
    return value.get<double>();
  };
  rate_ = number("fps", 2);
  least_ = static_cast<int64_t>(number("min_frames", 4));
  most_ = static_cast<int64_t>(number("max_frames", 768));
  for (const char* key : {"num_frames", "cap_pixels_per_frame"})
    require<UsageError>(config.value(key, Json()).is_null() || config[key] == false,
                        "{}: {} = {} is not supported (supported: null)", name, key, config[key].dump());
}

VideoProcessor::VideoProcessor(const Json& config, const std::string& name)
    : VideoProcessor(is_third(config, name), config, name) {}

VideoProcessor VideoProcessor::load(const std::filesystem::path& folder) {
  const auto joint = folder / "processor_config.json";
  if (const auto own = folder / "video_preprocessor_config.json"; std::filesystem::exists(own))
    return {read_json(own), own.string()};
  if (std::filesystem::exists(joint)) {
    const Json config = read_json(joint);
    if (config.is_object() && config.contains("video_processor"))
      return {config["video_processor"], joint.string() + ": video_processor"};
  }
  if (const auto pictures = folder / "preprocessor_config.json"; std::filesystem::exists(pictures))
    return {read_json(pictures), pictures.string()};
  throw DataError(folder.string(), "",
                  "does not say how videos are prepared (looked for video_preprocessor_config.json, "
                  "'video_processor' in processor_config.json, preprocessor_config.json)");
}

std::vector<int64_t> VideoProcessor::sample(int64_t count, double rate, int64_t most) const {
  const int64_t group = pictures_.group(), limit = std::max(group, most > 0 ? std::min(most, most_) : most_);
  require<UsageError>(count >= group, "a video of {} frame{}: at least {} are needed", count,
                      count == 1 ? "" : "s", group);
  const double asked = static_cast<double>(count) / rate * rate_;
  std::vector<int64_t> numbers;
  if (third_) {
    const int64_t wanted = std::max(static_cast<int64_t>(asked), least_),
                  taken = std::min({wanted, limit, count});
    const double step = taken > 1 ? static_cast<double>(count - 1) / static_cast<double>(taken - 1) : 0;
    for (int64_t i = 0; i < taken; ++i)
      numbers.push_back(static_cast<int64_t>(std::nearbyint(static_cast<double>(i) * step)));
    return numbers;
  }
  const auto whole = [&](double frames) {
    return static_cast<int64_t>(std::floor(frames / static_cast<double>(group))) * group;
  };
  const auto highest = static_cast<double>(whole(static_cast<double>(std::min(limit, count))));
  const int64_t taken =
      std::max(group, whole(std::min(std::max(asked, static_cast<double>(least_)), highest)));
  const auto all = static_cast<double>(count);
  const Tensor place = at::arange(0.0, all, all / static_cast<double>(taken)).to(at::kLong);
  numbers.assign(place.const_data_ptr<int64_t>(), place.const_data_ptr<int64_t>() + place.numel());
  return numbers;
}

PreparedVideos VideoProcessor::prepare(const std::vector<Frames>& videos) const {
  PreparedVideos prepared;
  if (videos.empty()) return prepared;
  std::vector<Tensor> parts;
  std::vector<int64_t> grid;
  std::vector<float> apart;
  const int64_t group = pictures_.group(), merge = pictures_.merge();
  for (const Frames& video : videos) {
    const auto taken = std::ssize(video.pictures);
    require(taken > 0 && std::ssize(video.numbers) == taken && video.rate > 0,
            "[videos] frames without numbers");
    const Tensor& first = video.pictures.front();
    const auto [height, width] = pictures_.smart_size(first.size(0), first.size(1), third_ ? taken : 0);
    parts.push_back(pictures_.patches(video.pictures, height, width));
    const int64_t rows = height / pictures_.patch(), columns = width / pictures_.patch();
    PreparedVideos::Places places;
    for (int64_t i = 0; i < taken; i += group) {
      const auto last = static_cast<size_t>(std::min(i + group, taken) - 1);
      places.seconds.push_back((static_cast<double>(video.numbers[static_cast<size_t>(i)]) +
                                static_cast<double>(video.numbers[last])) /
                               video.rate / 2);
    }
    places.frames = std::ssize(places.seconds);
    places.tokens = rows / merge * (columns / merge);
    grid.insert(grid.end(), {places.frames, rows, columns});
    apart.push_back(static_cast<float>(static_cast<double>(group * video.count) /
                                       (static_cast<double>(taken) * video.rate)));
    prepared.videos.push_back(std::move(places));
  }
  prepared.tensors["pixel_values_videos"] = at::cat(parts);
  prepared.tensors["video_grid_thw"] = at::tensor(grid, at::kLong).view({-1, 3});
  prepared.tensors["second_per_grid_ts"] = at::tensor(apart);
  return prepared;
}

}  // namespace conclave
