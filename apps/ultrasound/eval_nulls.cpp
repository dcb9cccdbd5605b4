#include "apps/ultrasound/eval_nulls.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "models/ultrasound/reading.h"

namespace conclave {
using namespace ultrasound;
namespace {

constexpr int64_t kNeighbours = 15, kThumbnail = 24;

// What the training part has, on the task's canvas.
struct Known {
  std::vector<UltrasoundSample> samples;
  std::vector<LabelledPicture> pictures;
  Tensor thumbnail_ND;  // centred, of length 1
};

Tensor thumbnail_of(const Tensor& grey_HW) {
  const Tensor small = at::adaptive_avg_pool2d(grey_HW.to(at::kFloat).unsqueeze(0), {kThumbnail, kThumbnail});
  const Tensor flat = small.flatten() - small.mean();
  return flat / flat.norm().clamp_min(1e-6);
}

Known known_of(const UltrasoundSet& set, const ModelConfig& model) {
  Known known;
  for (const auto& sample : set.samples)
    if (sample.part == Part::train) known.samples.push_back(sample);
  known.pictures = labelled_pictures(set, Part::train, model);
  std::vector<Tensor> thumbnails;
  for (const auto& picture : known.pictures) thumbnails.push_back(thumbnail_of(picture.grey_HW));
  known.thumbnail_ND = at::stack(thumbnails);
  return known;
}

// Frequencies of a field's values among `places`, each value counted once more so that none is impossible.
std::vector<double> frequencies(const Known& known, const std::vector<size_t>& places, size_t field,
                                size_t values) {
  std::vector<double> count(values, 1);
  double sum = static_cast<double>(values);
  for (const size_t i : places) {
    if (known.pictures[i].field[field] < 0) continue;
    ++count[static_cast<size_t>(known.pictures[i].field[field])];
    ++sum;
  }
  for (double& value : count) value /= sum;
  return count;
}

std::map<std::string, std::vector<double>> all_frequencies(const Known& known, const TaskConfig& task,
                                                           const std::vector<size_t>& places) {
  std::map<std::string, std::vector<double>> fields;
  for (size_t f = 0; f < task.fields.size(); ++f)
    fields[task.fields[f].name] = frequencies(known, places, f, task.fields[f].values.size());
  return fields;
}

std::vector<size_t> everywhere(const Known& known) {
  std::vector<size_t> all(known.pictures.size());
  for (size_t i = 0; i < all.size(); ++i) all[i] = i;
  return all;
}

Tensor mean_outline(const Known& known) {
  std::vector<Tensor> masks;
  for (const auto& picture : known.pictures)
    if (picture.mask_HW.defined()) masks.push_back(picture.mask_HW.to(at::kFloat) / 255);
  return masks.empty() ? at::zeros_like(known.pictures.front().grey_HW, at::kFloat)
                       : at::stack(masks).mean(0);
}

Tensor on_picture(const Tensor& grey_HW, const TaskConfig& task, const Tensor& share_HW) {
  return to_picture(fit_canvas(grey_HW, task.height, task.width), share_HW).gt(0.5).to(at::kByte);
}

}  // namespace

NullReadings null_readings(const UltrasoundSet& set, Part part, const SavedReader& reader) {
  const auto& model = reader.model->config;
  const auto& task = model.tasks[static_cast<size_t>(model.task(set.task))];
  const Known known = known_of(set, model);
  const Tensor outline = mean_outline(known);
  const auto all = all_frequencies(known, task, everywhere(known));
  NullReadings nulls;
  nulls.rows["majority"] = read_set(
      set, part, task,
      [&](const Tensor& grey) {
        return SaidOfPicture{on_picture(grey, task, outline), {}, all};
      },
      "eval majority");

  // read_set goes through the samples in the set's order.
  std::vector<const UltrasoundSample*> tested;
  for (const auto& sample : set.samples)
    if (sample.part == part) tested.push_back(&sample);
  size_t next = 0;
  if (!task.fields.empty()) {
    const auto metadata = [](const UltrasoundSample& s) {
      const auto side = s.fields.find("side");
      return s.device + "|" + (side == s.fields.end() ? "" : side->second);
    };
    nulls.rows["metadata"] = read_set(
        set, part, task,
        [&](const Tensor& grey) {
          const std::string wanted = metadata(*tested[next++]);
          std::vector<size_t> alike;
          for (size_t i = 0; i < known.samples.size(); ++i)
            if (metadata(known.samples[i]) == wanted) alike.push_back(i);
          return SaidOfPicture{on_picture(grey, task, outline), {}, all_frequencies(known, task, alike)};
        },
        "eval metadata");
  }
  nulls.rows["nearest"] = read_set(
      set, part, task,
      [&](const Tensor& grey) {
        const Canvas canvas = fit_canvas(grey, task.height, task.width);
        const Tensor alike_N = at::mv(known.thumbnail_ND, thumbnail_of(canvas.grey_HW));
        const auto count = std::min<int64_t>(kNeighbours, alike_N.numel());
        const Tensor best = std::get<1>(alike_N.topk(count)).contiguous();
        std::vector<size_t> places;
        for (int64_t i = 0; i < count; ++i) places.push_back(static_cast<size_t>(best[i].item<int64_t>()));
        const Tensor& mask = known.pictures[places.front()].mask_HW;
        const Tensor share = mask.defined() ? mask.to(at::kFloat) / 255 : outline;
        return SaidOfPicture{on_picture(grey, task, share), {}, all_frequencies(known, task, places)};
      },
      "eval nearest");
  const auto read = reading_of(reader, set.task);
  nulls.rows["blank"] = read_set(
      set, part, task, [&](const Tensor& grey) { return read(at::zeros_like(grey)); }, "eval blank");
  return nulls;
}

}  // namespace conclave
