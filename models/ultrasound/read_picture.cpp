#include "models/ultrasound/read_picture.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "framework/score/calibration.h"
#include "models/ultrasound/reading.h"

namespace conclave::ultrasound {
namespace {

Canvas canvas_of(const SavedReader& reader, int64_t task, const Tensor& grey_HW, const Look& look) {
  const auto& config = reader.model->config;
  const auto& about = config.tasks[static_cast<size_t>(task)];
  const int64_t multiple = int64_t{1} << config.widths.size();
  const auto side = [&](int64_t trained) {
    const double wanted = static_cast<double>(trained) * look.scale / static_cast<double>(multiple);
    return std::max<int64_t>(std::llround(wanted), 1) * multiple;
  };
  return fit_canvas(grey_HW, side(about.height), side(about.width));
}

// Of a mirrored look the outline is mirrored back.
Reading read_canvas(const SavedReader& reader, int64_t task, const Canvas& canvas, const Look& look) {
  const Tensor grey_HW = look.mirrored ? canvas.grey_HW.flip(1) : canvas.grey_HW;
  Reading reading = read_pictures(*reader.model, grey_HW.unsqueeze(0), task);
  if (look.mirrored) {
    reading.mask_NHW = reading.mask_NHW.flip(2);
    if (reading.samples_NSHW.defined()) reading.samples_NSHW = reading.samples_NSHW.flip(3);
  }
  return reading;
}

// Over the picture.
std::vector<Tensor> samples_of(const Canvas& canvas, const Reading& reading) {
  std::vector<Tensor> all;
  if (!reading.samples_NSHW.defined()) return all;
  for (const auto& sample_HW : reading.samples_NSHW[0].unbind(0))
    all.push_back(to_picture(canvas, sample_HW));
  return all;
}

}  // namespace

FirstLook first_look(const SavedReader& reader, int64_t task, const Tensor& grey_HW) {
  FirstLook first;
  const Look& look = reader.looks.front();
  first.canvas = canvas_of(reader, task, grey_HW, look);
  first.reading = read_canvas(reader, task, first.canvas, look);
  const auto asked = reader.known_from.find(reader.model->config.tasks[static_cast<size_t>(task)].name);
  first.known =
      first.reading.known_N[0].item<double>() - (asked == reader.known_from.end() ? 0 : asked->second);
  return first;
}

PictureReading read_picture(const SavedReader& reader, int64_t task, const Tensor& grey_HW,
                            const FirstLook& first) {
  Tensor mask_HW = to_picture(first.canvas, first.reading.mask_NHW[0]);
  std::vector<Tensor> samples_HW = samples_of(first.canvas, first.reading);
  std::map<std::string, Tensor> fields = first.reading.fields;
  for (size_t i = 1; i < reader.looks.size(); ++i) {
    const Canvas canvas = canvas_of(reader, task, grey_HW, reader.looks[i]);
    const Reading reading = read_canvas(reader, task, canvas, reader.looks[i]);
    mask_HW = mask_HW + to_picture(canvas, reading.mask_NHW[0]);
    const auto more_HW = samples_of(canvas, reading);
    for (size_t s = 0; s < samples_HW.size(); ++s) samples_HW[s] = samples_HW[s] + more_HW[s];
    for (auto& [name, sum_1V] : fields) sum_1V = sum_1V + reading.fields.at(name);
  }
  const auto count = static_cast<double>(reader.looks.size());
  PictureReading reading;
  reading.mask_HW = mask_HW / count;
  for (const auto& sum_HW : samples_HW) reading.samples_HW.push_back(sum_HW / count);
  for (const auto& [name, sum_1V] : fields)
    reading.logits[name] = values_of(sum_1V[0].to(at::kDouble) / count);
  return reading;
}

std::map<std::string, std::vector<double>> probabilities_of(const SavedReader& reader, int64_t task,
                                                            const PictureReading& reading) {
  const auto& name = reader.model->config.tasks[static_cast<size_t>(task)].name;
  std::map<std::string, std::vector<double>> all;
  for (const auto& [field, logits] : reading.logits)
    all[field] = tempered_softmax(logits, reader.temperature(name, field));
  return all;
}

}  // namespace conclave::ultrasound
