/// Trained readers behind the interface that reports are written from.
#pragma once

#include "models/ultrasound/findings.h"
#include "models/ultrasound/reader_folder.h"

namespace conclave::ultrasound {

/// Reads a still, or some frames of a clip, evenly spaced. Without an organ it takes the reader and task that
/// know the pictures best; pictures that the chosen task does not know are not read: it abstains.
class ReaderFindings : public FindingsModel {
 public:
  /// At least one reader; each of them may have several tasks.
  explicit ReaderFindings(std::vector<SavedReader> readers);

  std::string name() const override;
  Findings read(dicom::FrameSource& frames, const ReadRequest& request) override;

 private:
  struct Choice {
    const SavedReader* reader = nullptr;
    int64_t task = 0;
  };
  std::vector<Choice> choices(const std::string& organ) const;

  std::vector<SavedReader> readers_;
};

/// The two widths of an outline at right angles to each other, the longer one first: of the smallest box of
/// any direction around the largest part of mask [H,W] (uint8). Nothing for an empty mask.
struct Axes {
  Point long_from, long_to, short_from, short_to;
};
std::optional<Axes> axes_of(const Tensor& mask_HW);

}  // namespace conclave::ultrasound
