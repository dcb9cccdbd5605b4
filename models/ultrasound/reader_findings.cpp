#include "models/ultrasound/reader_findings.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <opencv2/imgproc.hpp>

#include "framework/base/error.h"
#include "models/ultrasound/ellipse.h"
#include "models/ultrasound/read_picture.h"
#include "models/ultrasound/reading.h"

namespace conclave::ultrasound {
namespace {

constexpr int64_t kMostFrames = 32;     // of a clip
constexpr double kLeastShare = 0.0005;  // of the picture, that an outline must cover to be told of

// What one frame showed.
struct Seen {
  int64_t frame = 0;
  Tensor mask_HW;  // its largest part
  double confidence = 0;
  std::map<std::string, std::vector<double>> fields;
};

double logistic(double x) {
  return 1 / (1 + std::exp(-x));
}

Tensor grey_of_frame(const dicom::Frame& frame, const std::string& name) {
  if (frame.width <= 0 || frame.height <= 0 ||
      frame.rgb.size() != static_cast<size_t>(frame.width * frame.height * 3))
    throw DataError(name, "", "a frame has no pixels");
  return grey_of(
      at::from_blob(const_cast<uint8_t*>(frame.rgb.data()), {frame.height, frame.width, 3}, at::kByte));
}

Seen look(const SavedReader& reader, int64_t task, const Tensor& grey_HW, const FirstLook& first) {
  const PictureReading reading = read_picture(reader, task, grey_HW, first);
  Seen seen;
  const Tensor share_HW = reading.mask_HW.sigmoid();  // of being inside
  seen.mask_HW = largest_part(share_HW.gt(0.5));
  const double area = seen.mask_HW.sum().item<double>();
  if (area >= kLeastShare * static_cast<double>(seen.mask_HW.numel()))
    seen.confidence = (share_HW * seen.mask_HW).sum().item<double>() / area;
  seen.fields = probabilities_of(reader, task, reading);
  return seen;
}

Box box_of(const Tensor& mask_HW) {
  const Tensor row = mask_HW.amax(1).nonzero(), column = mask_HW.amax(0).nonzero();
  const auto top = row[0].item<int64_t>(), left = column[0].item<int64_t>();
  const auto bottom = row[-1].item<int64_t>(), right = column[-1].item<int64_t>();
  return {static_cast<double>(left), static_cast<double>(top), static_cast<double>(right - left + 1),
          static_cast<double>(bottom - top + 1)};
}

Mask mask_of(const Tensor& mask_HW) {
  const Tensor bytes = mask_HW.to(at::kByte).contiguous();
  const auto* first = bytes.const_data_ptr<uint8_t>();
  return {bytes.size(1), bytes.size(0), {first, first + bytes.numel()}};
}

// As the lexicon calls what a set labels; empty: the report has no such field.
std::string lexicon_name(const std::string& field) {
  if (field == "pathology") return "pathology";
  return field == "birads" ? "reader_category" : "";
}

Field field_of(const std::string& name, const FieldConfig& about, const std::vector<double>& probability,
               const Evidence& evidence) {
  Field field;
  field.name = name;
  const auto best = std::ranges::max_element(probability) - probability.begin();
  field.value = about.values[static_cast<size_t>(best)];
  field.confidence = probability[static_cast<size_t>(best)];
  for (size_t v = 0; v < about.values.size(); ++v) field.probabilities[about.values[v]] = probability[v];
  field.evidence = evidence;
  return field;
}

std::vector<double> mean_probability(const std::vector<Seen>& all, const std::string& field) {
  std::vector<double> mean;
  for (const auto& seen : all) {
    const auto& one = seen.fields.at(field);
    mean.resize(one.size());
    for (size_t v = 0; v < one.size(); ++v) mean[v] += one[v] / static_cast<double>(all.size());
  }
  return mean;
}

Measurement line_of(const std::string& name, const Point& from, const Point& to, const Evidence& evidence,
                    double confidence) {
  Measurement m;
  m.name = name;
  m.evidence = evidence;
  m.from = from;
  m.to = to;
  m.confidence = confidence;
  return m;
}

Finding lesion_of(const std::vector<Seen>& all, const Seen& best, const TaskConfig& task) {
  Finding finding;
  finding.kind = task.name + "_lesion";
  finding.confidence = best.confidence;
  finding.evidence = {"", best.frame, box_of(best.mask_HW)};
  finding.mask = mask_of(best.mask_HW);
  for (const auto& about : task.fields) {
    const std::string name = lexicon_name(about.name);
    if (!name.empty())
      finding.fields.push_back(field_of(name, about, mean_probability(all, about.name), finding.evidence));
  }
  if (const auto axes = axes_of(best.mask_HW)) {
    finding.measurements.push_back(
        line_of("long_axis", axes->long_from, axes->long_to, finding.evidence, best.confidence));
    finding.measurements.push_back(
        line_of("short_axis", axes->short_from, axes->short_to, finding.evidence, best.confidence));
  }
  return finding;
}

std::optional<Finding> head_of(const Seen& best) {
  const auto ellipse = ellipse_around(best.mask_HW);
  if (!ellipse) return std::nullopt;
  Finding finding;
  finding.kind = "fetal_head";
  finding.confidence = best.confidence;
  finding.evidence = {"", best.frame, box_of(best.mask_HW)};
  finding.mask = mask_of(best.mask_HW);
  Measurement m;
  m.name = "head_circumference";
  m.kind = MeasurementKind::ellipse;
  m.evidence = finding.evidence;
  m.ellipse = *ellipse;
  m.confidence = best.confidence;
  finding.measurements.push_back(m);
  return finding;
}

}  // namespace

std::optional<Axes> axes_of(const Tensor& mask_HW) {
  const Tensor part = largest_part(mask_HW);
  const cv::Mat mat(static_cast<int>(part.size(0)), static_cast<int>(part.size(1)), CV_8UC1,
                    part.mutable_data_ptr<uint8_t>());
  std::vector<cv::Point> points;
  cv::findNonZero(mat, points);
  if (points.empty()) return std::nullopt;
  const cv::RotatedRect box = cv::minAreaRect(points);
  cv::Point2f corner[4];
  box.points(corner);
  const auto middle = [](const cv::Point2f& a, const cv::Point2f& b) {
    return Point{(a.x + b.x) / 2.0, (a.y + b.y) / 2.0};
  };
  // Between the middles of opposite sides.
  const Point a0 = middle(corner[0], corner[1]), a1 = middle(corner[2], corner[3]);
  const Point b0 = middle(corner[1], corner[2]), b1 = middle(corner[3], corner[0]);
  const bool first = std::hypot(a1.x - a0.x, a1.y - a0.y) >= std::hypot(b1.x - b0.x, b1.y - b0.y);
  return first ? Axes{a0, a1, b0, b1} : Axes{b0, b1, a0, a1};
}

ReaderFindings::ReaderFindings(std::vector<SavedReader> readers) : readers_(std::move(readers)) {
  require<Error>(!readers_.empty(), "[ultrasound] no readers");
}

std::string ReaderFindings::name() const {
  std::string names;
  for (const auto& reader : readers_) names += (names.empty() ? "" : ", ") + reader.name;
  return names;
}

std::vector<ReaderFindings::Choice> ReaderFindings::choices(const std::string& organ) const {
  std::vector<Choice> all;
  for (const auto& reader : readers_)
    for (size_t t = 0; t < reader.model->config.tasks.size(); ++t)
      if (organ.empty() || reader.model->config.tasks[t].name == organ)
        all.push_back({&reader, static_cast<int64_t>(t)});
  return all;
}

Findings ReaderFindings::read(dicom::FrameSource& frames, const ReadRequest& request) {
  Findings findings;
  findings.model = name();
  findings.organ = request.organ;
  const auto tried = choices(request.organ);
  if (tried.empty()) {
    findings.abstained = true;
    findings.outlier_score = 1;
    findings.reason = fmt::format("not trained on pictures of {1}: {0}", name(), request.organ);
    return findings;
  }
  const int64_t count = frames.frame_count(), step = (count + kMostFrames - 1) / kMostFrames;
  std::vector<Tensor> grey;
  std::vector<std::vector<FirstLook>> first(tried.size());
  std::vector<double> known(tried.size(), -std::numeric_limits<double>::infinity());
  for (int64_t f = 0; f < count; f += step) {
    grey.push_back(grey_of_frame(frames.read(f), frames.name()));
    for (size_t i = 0; i < tried.size(); ++i) {
      first[i].push_back(first_look(*tried[i].reader, tried[i].task, grey.back()));
      known[i] = std::max(known[i], first[i].back().known);
    }
  }
  const auto i = static_cast<size_t>(std::ranges::max_element(known) - known.begin());
  const auto& reader = *tried[i].reader;
  const auto& task = reader.model->config.tasks[static_cast<size_t>(tried[i].task)];
  findings.outlier_score = 1 - logistic(known[i]);
  if (step > 1)
    findings.warnings.push_back(fmt::format("{} of {} frames were looked at", grey.size(), count));
  if (known[i] < 0) {
    findings.abstained = true;
    findings.reason = "the pictures are unlike those that the model learnt from";
    return findings;
  }
  findings.organ = task.name;
  findings.model = reader.name;
  std::vector<Seen> shown;
  size_t best = 0;
  for (size_t f = 0; f < grey.size(); ++f) {
    Seen seen = look(reader, tried[i].task, grey[f], first[i][f]);
    if (seen.confidence == 0) continue;
    seen.frame = static_cast<int64_t>(f) * step;
    shown.push_back(std::move(seen));
    if (shown.back().confidence > shown[best].confidence) best = shown.size() - 1;
  }
  if (shown.empty()) return findings;
  if (task.name == "fetal_head") {
    if (auto head = head_of(shown[best])) findings.findings.push_back(std::move(*head));
  } else {
    findings.findings.push_back(lesion_of(shown, shown[best], task));
  }
  return findings;
}

}  // namespace conclave::ultrasound
