#include "apps/ultrasound/samples.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "datasets/bus_bra.h"
#include "datasets/hc18.h"
#include "datasets/labelled_pictures.h"
#include "framework/base/error.h"
#include "framework/base/log.h"
#include "framework/base/progress.h"
#include "framework/base/signals.h"
#include "framework/media/picture.h"
#include "models/ultrasound/ellipse.h"

namespace conclave {
namespace fs = std::filesystem;
using namespace ultrasound;
namespace {

[[noreturn]] void fail_size(const fs::path& file, const Tensor& drawn, int64_t height, int64_t width) {
  throw DataError(
      file.string(), "",
      fmt::format("is {} x {}, its picture {} x {}", drawn.size(1), drawn.size(0), width, height));
}

// What lies inside the ellipse that is drawn on a contour of the picture's size, or of another one with the
// same proportions.
Tensor inside_contour(const fs::path& file, int64_t height, int64_t width) {
  const Tensor drawn = grey_of(load_picture(file)).gt(127);
  auto ellipse = ellipse_through(drawn);
  if (!ellipse) return {};
  const double x = static_cast<double>(width) / static_cast<double>(drawn.size(1));
  const double y = static_cast<double>(height) / static_cast<double>(drawn.size(0));
  if (std::abs(x / y - 1) > 0.02) fail_size(file, drawn, height, width);
  // Pixels have their middles at whole numbers.
  ellipse->center = {(ellipse->center.x + 0.5) * x - 0.5, (ellipse->center.y + 0.5) * x - 0.5};
  ellipse->long_half *= x;
  ellipse->short_half *= x;
  return ellipse_mask(*ellipse, height, width);
}

// What each rater drew, or what lies inside the ellipse that is drawn; none where nothing is.
std::vector<Tensor> masks_of(const UltrasoundSample& sample, int64_t height, int64_t width) {
  std::vector<Tensor> all;
  for (const auto& file : sample.masks) {
    const Tensor drawn = grey_of(load_picture(file)).gt(127);
    if (drawn.size(0) != height || drawn.size(1) != width) fail_size(file, drawn, height, width);
    all.push_back(drawn.to(at::kByte));
  }
  if (all.empty() && !sample.contour.empty())
    if (const Tensor inside = inside_contour(sample.contour, height, width); inside.defined())
      all.push_back(inside);
  return all;
}

void add_outlines(LabelledPicture& picture, const std::vector<Tensor>& masks, const TaskConfig& task) {
  if (masks.empty()) return;
  const auto fit = [&](const Tensor& mask) { return fit_canvas(mask, task.height, task.width).grey_HW; };
  // Soft where raters differ: the share of them that has a pixel inside.
  picture.mask_HW = fit(at::stack(masks).to(at::kFloat).mean(0).mul_(255).round_().to(at::kByte));
  if (masks.size() == 1) return;
  std::vector<Tensor> raters;
  for (const auto& mask : masks) raters.push_back(fit(mask.mul(255)));
  picture.raters_RHW = at::stack(raters);
}

}  // namespace

const std::vector<std::string>& ultrasound_set_names() {
  static const std::vector<std::string> names = {"bus-bra", "hc18", "folder"};
  return names;
}

UltrasoundSet load_ultrasound_set(const std::string& name, const fs::path& dir, int fold,
                                  const std::string& organ) {
  const fs::path folder = fs::is_directory(dir / name) ? dir / name : dir;
  if (name == "bus-bra") return load_bus_bra(folder, fold);
  if (name == "hc18") return load_hc18(folder);
  if (name == "folder") return load_labelled_pictures(dir, organ);
  throw UsageError(fmt::format("there is no set '{}'", name));
}

PictureAndMask load_picture_and_mask(const UltrasoundSample& sample) {
  PictureAndMask both;
  both.grey_HW = grey_of(load_picture(sample.picture));
  both.masks_HW = masks_of(sample, both.grey_HW.size(0), both.grey_HW.size(1));
  return both;
}

std::vector<LabelledPicture> labelled_pictures(const UltrasoundSet& set, Part part,
                                               const ModelConfig& model) {
  const int64_t task = model.task(set.task);
  const auto& about = model.tasks[static_cast<size_t>(task)];
  std::vector<LabelledPicture> all;
  int64_t not_outlined = 0;
  Progress progress(fmt::format("read {} {}", set.name, part_name(part)),
                    std::ranges::count(set.samples, part, &UltrasoundSample::part), "pictures");
  for (const auto& sample : set.samples) {
    if (sample.part != part) continue;
    throw_if_interrupted();
    const auto [grey, masks] = load_picture_and_mask(sample);
    LabelledPicture picture{task, fit_canvas(grey, about.height, about.width).grey_HW, {}, {}};
    add_outlines(picture, masks, about);
    if (masks.empty() && !sample.contour.empty()) ++not_outlined;
    for (const auto& field : about.fields) {
      const auto place = [&](const std::string& value) {
        const auto found = std::ranges::find(field.values, value);
        require<UsageError>(found != field.values.end(), "{} of {} is '{}', which the model does not know",
                            field.name, sample.id, value);
        return found - field.values.begin();
      };
      const auto told = sample.fields.find(field.name);
      picture.field.push_back(told == sample.fields.end() ? -1 : place(told->second));
      auto& shares = picture.shares.emplace_back();
      const auto votes = sample.votes.find(field.name);
      if (votes == sample.votes.end()) continue;
      shares.resize(field.values.size());
      double sum = 0;
      for (const auto& [value, count] : votes->second) sum += static_cast<double>(count);
      for (const auto& [value, count] : votes->second)
        shares[static_cast<size_t>(place(value))] = static_cast<double>(count) / sum;
    }
    all.push_back(std::move(picture));
    progress.advance();
  }
  if (not_outlined > 0)
    log_warning(
        "{}: {} of {} pictures have an outline in which no line is drawn; they are taken as not outlined",
        set.name, not_outlined, all.size());
  return all;
}

}  // namespace conclave
