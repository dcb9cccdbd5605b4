/// Pictures of any kind that a study may consist of, behind one interface.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include "framework/dicom/dicom_file.h"

namespace conclave {

struct OpenedFrames {
  std::unique_ptr<dicom::FrameSource> frames;
  dicom::DicomFile* file = nullptr;  ///< `frames`, where it is DICOM
  std::optional<double> given_mm;    ///< stated by the caller
  int64_t width = 0, height = 0;     ///< of a picture or clip

  dicom::Calibration calibration(int64_t frame) const;
};

/// A DICOM file of ultrasound, a clip (MP4, MOV, AVI, MPEG, Matroska), or a picture (PNG, JPEG, TIFF, WebP,
/// GIF). `mm_per_pixel` calibrates clips and pictures; UsageError for it on a DICOM file with regions of its
/// own.
OpenedFrames open_frames(const std::filesystem::path& path,
                         std::optional<double> mm_per_pixel = std::nullopt);

}  // namespace conclave
