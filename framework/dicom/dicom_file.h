/// A DICOM file as ultrasound scanners and archives write it: what it says of itself, its calibration, its
/// frames.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "framework/base/json.h"
#include "framework/dicom/frame.h"
#include "framework/dicom/region.h"

class DcmDataset;

namespace conclave::dicom {

/// Text is UTF-8 whatever the file's character set. What a file lacks is empty.
struct DicomInfo {
  std::string sop_class, sop_class_name, sop_instance, study_uid, series_uid;
  std::string modality, transfer_syntax, transfer_syntax_name, photometric;
  std::string patient_name, patient_id, birth_date, sex;
  std::string study_date, study_time, study_id, accession, study_description, series_description;
  std::string manufacturer, model_name, referring_physician;
  int64_t series_number = 0, instance_number = 0;
  int64_t width = 0, height = 0, frames = 0;  ///< 0 frames: it has no pictures
  double frame_ms = 0;                        ///< between frames of a clip; 0: not told
  bool burned_in_declared = false;            ///< Burned In Annotation is YES
};

/// Frames of any of: native little and big endian, RLE, JPEG (baseline to lossless), JPEG-LS, JPEG 2000,
/// MPEG-2, H.264 and H.265; monochrome, palette, RGB and YBR. Reads from the mapped file, one frame at a
/// time.
class DicomFile : public FrameSource {
 public:
  /// Throws DataError for a file that is no DICOM, cut off, or that promises more than it holds.
  explicit DicomFile(const std::filesystem::path& path);
  ~DicomFile() override;

  const DicomInfo& info() const;
  /// Notes about what had to be assumed.
  const std::vector<std::string>& warnings() const;
  /// Throws DataError unless it holds pictures of an ultrasound class, or secondary captures of modality US.
  void require_ultrasound() const;
  /// Of frame `index`: its own functional group, else the shared one, else the file's.
  Calibration calibration(int64_t index) const;

  int64_t frame_count() const override;
  Frame read(int64_t index) override;
  std::string name() const override;

  /// DCMTK's view, for writing other objects from it.
  DcmDataset& dataset() const;

  /// What was understood, as JSON; `identity`: with the patient.
  Json describe(bool identity) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Whether the bytes of a file look like DICOM: a preamble, or an old file without.
bool looks_like_dicom(const std::filesystem::path& path);

}  // namespace conclave::dicom
