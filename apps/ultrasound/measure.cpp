// conclave-ultrasound measure: a length between two points of a frame.
#include <fmt/format.h>

#include "apps/common/app.h"
#include "apps/ultrasound/open_frames.h"
#include "apps/ultrasound/verbs.h"
#include "framework/base/error.h"

namespace conclave {
namespace {

dicom::PixelPoint point_of(const std::vector<double>& numbers, const char* option) {
  require<UsageError>(numbers.size() == 2, "{}: X,Y is wanted, {} numbers were given", option,
                      numbers.size());
  return {numbers[0], numbers[1]};
}

class MeasureVerb : public Verb {
 public:
  std::string name() const override { return "measure"; }
  std::string summary() const override {
    return "The length between two points: in mm where the file is sure of it, else in pixels with the "
           "reason";
  }
  std::string examples() const override {
    return "  conclave-ultrasound measure scan.dcm --from 460,291 --to 499,302\n"
           "  conclave-ultrasound measure clip.dcm --from 10,20 --to 90,20 --frame 12 --json\n"
           "  conclave-ultrasound measure head.png --from 10,20 --to 90,20 --mm-per-pixel 0.12";
  }
  bool recorded() const override { return false; }
  bool computes() const override { return false; }
  void declare(Options& options) override {
    options.positional("FILE", file_, "A DICOM file, a clip or a picture").required();
    options.add("from", from_, "X,Y in pixels, from the middle of the upper left pixel").required();
    options.add("to", to_, "X,Y in pixels").required();
    options.add("frame", frame_, "Frame of a clip, counted from 0").at_least(0);
    options.add("mm-per-pixel", mm_, "Scale of a picture that has none of its own").range(1e-6, 1000);
  }
  int run(Invocation& call) override {
    const auto from = point_of(from_, "--from"), to = point_of(to_, "--to");
    const OpenedFrames opened = open_frames(file_, mm_);
    require<UsageError>(frame_ < opened.frames->frame_count(), "--frame {}: {} has {} frames", frame_,
                        file_.string(), opened.frames->frame_count());
    const dicom::Length length = line_length(opened.calibration(frame_), from, to);
    if (call.json()) {
      Json line = {{"file", file_.string()},
                   {"frame", frame_},
                   {"from", from_},
                   {"to", to_},
                   {"pixels", length.pixels}};
      line["mm"] = length.mm ? Json(*length.mm) : Json();
      line["unit"] = length.mm ? "mm" : "px";
      line["value"] = length.mm ? *length.mm : length.pixels;
      if (!length.scale.reason.empty()) line["reason"] = length.scale.reason;
      if (length.scale.region) line["region"] = *length.scale.region;
      if (!length.scale.notes.empty()) line["notes"] = length.scale.notes;
      call.out().write(line);
    } else if (length.mm) {
      fmt::print("{:.2f} mm ({:.1f} px)\n", *length.mm, length.pixels);
      for (const auto& note : length.scale.notes) fmt::print("  {}\n", note);
    } else {
      fmt::print("{:.1f} px; not in mm: {}\n", length.pixels, length.scale.reason);
    }
    return kExitDone;
  }

 private:
  std::filesystem::path file_;
  std::vector<double> from_, to_;
  int64_t frame_ = 0;
  std::optional<double> mm_;
};

}  // namespace

std::unique_ptr<Verb> make_ultrasound_measure_verb() {
  return std::make_unique<MeasureVerb>();
}

}  // namespace conclave
