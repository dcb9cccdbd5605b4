// conclave-ultrasound measure: a length between two points of a frame, or of an ellipse.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "apps/common/app.h"
#include "apps/ultrasound/open_frames.h"
#include "apps/ultrasound/verbs.h"
#include "framework/base/error.h"
#include "models/ultrasound/report/ellipse_length.h"

namespace conclave {
namespace {

dicom::PixelPoint point_of(const std::vector<double>& numbers, const char* option) {
  require<UsageError>(numbers.size() == 2 && std::isfinite(numbers[0]) && std::isfinite(numbers[1]),
                      "{}: X,Y is wanted", option);
  return {numbers[0], numbers[1]};
}

class MeasureVerb : public Verb {
 public:
  std::string name() const override { return "measure"; }
  std::string summary() const override {
    return "The length between two points, or of an ellipse: in mm where the file is sure of it, else in "
           "pixels with the reason";
  }
  std::string examples() const override {
    return "  conclave-ultrasound measure scan.dcm --from 460,291 --to 499,302\n"
           "  conclave-ultrasound measure clip.dcm --from 10,20 --to 90,20 --frame 12 --json\n"
           "  conclave-ultrasound measure head.png --from 10,20 --to 90,20 --mm-per-pixel 0.12\n"
           "  conclave-ultrasound measure head.png --ellipse 200,135,120,90,12 --mm-per-pixel 0.12";
  }
  bool recorded() const override { return false; }
  bool computes() const override { return false; }
  void declare(Options& options) override {
    options.positional("FILE", file_, "A DICOM file, a clip or a picture").required();
    options.add("from", from_, "X,Y in pixels, from the middle of the upper left pixel");
    options.add("to", to_, "X,Y in pixels");
    options.add(
        "ellipse", ellipse_,
        "X,Y,A,B,DEGREES: its middle, half axes and turn of the first, instead; the length is its line's");
    options.add("frame", frame_, "Frame of a clip, counted from 0").at_least(0);
    options.add("mm-per-pixel", mm_, "Scale of a picture that has none of its own").range(1e-6, 1000);
  }
  int run(Invocation& call) override {
    require<UsageError>(ellipse_.empty() ? !from_.empty() && !to_.empty() : from_.empty() && to_.empty(),
                        "either --from and --to, or --ellipse, are needed");
    const OpenedFrames opened = open_frames(file_, mm_);
    require<UsageError>(frame_ < opened.frames->frame_count(), "--frame {}: {} has {} frames", frame_,
                        file_.string(), opened.frames->frame_count());
    opened.frames->read(frame_);  // a picture that is not as large as the file says has no lengths
    const dicom::Calibration calibration = opened.calibration(frame_);
    Json line = {{"file", file_.string()}, {"frame", frame_}};
    if (ellipse_.empty()) {
      const auto length = line_length(calibration, point_of(from_, "--from"), point_of(to_, "--to"));
      line["from"] = from_, line["to"] = to_;
      tell(call, line, length.pixels, length.mm, length.scale);
    } else {
      const auto length = ellipse_length(calibration, ellipse());
      line["ellipse"] = ellipse_;
      if (length.half_axes_mm)
        line["half_axes_mm"] = {length.half_axes_mm->first, length.half_axes_mm->second};
      tell(call, line, length.pixels, length.mm, length.scale);
    }
    return kExitDone;
  }

 private:
  ultrasound::Ellipse ellipse() const {
    require<UsageError>(ellipse_.size() == 5 &&
                            std::ranges::all_of(ellipse_, [](double x) { return std::isfinite(x); }) &&
                            ellipse_[2] > 0 && ellipse_[3] > 0,
                        "--ellipse: X,Y,A,B,DEGREES is wanted, A and B above 0");
    return {{ellipse_[0], ellipse_[1]}, ellipse_[2], ellipse_[3], ellipse_[4] * std::numbers::pi / 180};
  }

  static void tell(Invocation& call, Json& line, double pixels, const std::optional<double>& mm,
                   const dicom::Scale& scale) {
    if (call.json()) {
      line["pixels"] = pixels;
      line["mm"] = mm ? Json(*mm) : Json();
      line["unit"] = mm ? "mm" : "px";
      line["value"] = mm.value_or(pixels);
      if (!scale.reason.empty()) line["reason"] = scale.reason;
      if (scale.region) line["region"] = *scale.region;
      if (!scale.notes.empty()) line["notes"] = scale.notes;
      call.out().write(line);
    } else if (mm) {
      fmt::print("{:.2f} mm ({:.1f} px)\n", *mm, pixels);
      for (const auto& note : scale.notes) fmt::print("  {}\n", note);
    } else {
      fmt::print("{:.1f} px; not in mm: {}\n", pixels, scale.reason);
    }
  }

  std::filesystem::path file_;
  std::vector<double> from_, to_, ellipse_;
  int64_t frame_ = 0;
  std::optional<double> mm_;
};

}  // namespace

std::unique_ptr<Verb> make_ultrasound_measure_verb() {
  return std::make_unique<MeasureVerb>();
}

}  // namespace conclave
