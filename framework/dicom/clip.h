/// Video through FFmpeg, frame after frame: a clip of any length takes the memory of some frames.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "framework/dicom/frame.h"

namespace conclave::dicom {

class Clip : public FrameSource {
 public:
  /// MP4, MOV, AVI, MPEG, Matroska, WebM. Throws DataError for a file without video or a broken one.
  explicit Clip(const std::filesystem::path& path);
  /// A stream in pieces that outlive it, as encapsulated in DICOM.
  Clip(std::vector<std::string_view> pieces, std::string name);
  ~Clip() override;

  int64_t frame_count() const override;
  Frame read(int64_t index) override;
  std::string name() const override;
  int64_t width() const;
  int64_t height() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace conclave::dicom
