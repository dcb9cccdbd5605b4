// conclave-ultrasound frames: pictures for viewers, which then need no DICOM.
#include <fmt/format.h>

#include <algorithm>

#include "apps/common/app.h"
#include "apps/ultrasound/open_frames.h"
#include "apps/ultrasound/verbs.h"
#include "framework/base/error.h"
#include "framework/base/file.h"

namespace conclave {
namespace fs = std::filesystem;
namespace {

class FramesVerb : public Verb {
 public:
  std::string name() const override { return "frames"; }
  std::string summary() const override { return "Write frames of a file as pictures (PPM)"; }
  std::string examples() const override {
    return "  conclave-ultrasound frames clip.dcm -o pictures --first 10 --count 5";
  }
  bool recorded() const override { return false; }
  bool computes() const override { return false; }
  void declare(Options& options) override {
    options.positional("FILE", file_, "A DICOM file, a clip or a picture").required();
    options.add("out", out_, "Folder for frame-0.ppm, frame-1.ppm, ...").letter('o').required();
    options.add("first", first_, "First frame, counted from 0").at_least(0);
    options.add("count", count_, "Frames to write, as far as there are so many").range(1, 100000);
    options.add("mm-per-pixel", mm_, "Scale of a picture that has none of its own").range(1e-6, 1000);
  }
  int run(Invocation& call) override {
    const OpenedFrames opened = open_frames(file_, mm_);
    const int64_t frames = opened.frames->frame_count();
    require<UsageError>(first_ < frames, "--first {}: {} has {} frames", first_, file_.string(), frames);
    fs::create_directories(out_);
    Json files = Json::array();
    for (int64_t at = first_; at < std::min(frames, first_ + count_); ++at) {
      const dicom::Frame frame = opened.frames->read(at);
      std::string picture = fmt::format("P6\n{} {}\n255\n", frame.width, frame.height);
      picture.append(reinterpret_cast<const char*>(frame.rgb.data()), frame.rgb.size());
      const fs::path to = out_ / fmt::format("frame-{}.ppm", at);
      write_file(to, picture);
      files.push_back(to.string());
      if (!call.json()) fmt::print("{}\n", to.string());
    }
    if (call.json())
      call.out().write({{"file", file_.string()},
                        {"frames", frames},
                        {"frame_ms", opened.file ? opened.file->info().frame_ms : 0},
                        {"first", first_},
                        {"written", std::move(files)},
                        {"regions", regions_json(opened.calibration(first_))}});
    return kExitDone;
  }

 private:
  fs::path file_, out_;
  int64_t first_ = 0, count_ = 1;
  std::optional<double> mm_;
};

}  // namespace

std::unique_ptr<Verb> make_ultrasound_frames_verb() {
  return std::make_unique<FramesVerb>();
}

}  // namespace conclave
