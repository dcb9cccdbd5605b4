#include "apps/ultrasound/open_frames.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "framework/base/error.h"
#include "framework/dicom/clip.h"
#include "framework/media/picture.h"

namespace conclave {
namespace fs = std::filesystem;
namespace {

/// A picture that is read already.
class Still : public dicom::FrameSource {
 public:
  Still(dicom::Frame frame, std::string name) : frame_(std::move(frame)), name_(std::move(name)) {}
  int64_t frame_count() const override { return 1; }
  dicom::Frame read(int64_t index) override {
    require<UsageError>(index == 0, "{}: frame {} of a picture", name_, index);
    return frame_;
  }
  std::string name() const override { return name_; }

 private:
  dicom::Frame frame_;
  std::string name_;
};

bool is_clip(const fs::path& path) {
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  for (const char* known : {".mp4", ".m4v", ".mov", ".avi", ".mpg", ".mpeg", ".mkv", ".webm"})
    if (extension == known) return true;
  return false;
}

dicom::Frame frame_of(const at::Tensor& picture_HW3) {
  const at::Tensor whole = picture_HW3.contiguous();
  const auto* bytes = whole.const_data_ptr<uint8_t>();
  return {whole.size(1), whole.size(0), {bytes, bytes + whole.numel()}};
}

}  // namespace

dicom::Calibration OpenedFrames::calibration(int64_t frame) const {
  if (file) {
    auto own = file->calibration(frame);
    own.given_mm = given_mm;
    return own;
  }
  return {width, height, {}, std::nullopt, given_mm};
}

OpenedFrames open_frames(const fs::path& path, std::optional<double> mm_per_pixel) {
  if (!fs::is_regular_file(path)) throw DataError(path.string(), "", "no such file");
  OpenedFrames opened;
  opened.given_mm = mm_per_pixel;
  if (dicom::looks_like_dicom(path) || path.extension() == ".dcm") {
    auto file = std::make_unique<dicom::DicomFile>(path);
    file->require_ultrasound();
    require<UsageError>(!mm_per_pixel || file->calibration(0).regions.empty(),
                        "--mm-per-pixel: {} has a calibration of its own", path.string());
    opened.file = file.get();
    opened.width = file->info().width, opened.height = file->info().height;
    opened.frames = std::move(file);
  } else if (is_clip(path)) {
    auto clip = std::make_unique<dicom::Clip>(path);
    opened.width = clip->width(), opened.height = clip->height();
    opened.frames = std::move(clip);
  } else {
    dicom::Frame frame = frame_of(load_picture(path));
    opened.width = frame.width, opened.height = frame.height;
    opened.frames = std::make_unique<Still>(std::move(frame), path.string());
  }
  return opened;
}

}  // namespace conclave
