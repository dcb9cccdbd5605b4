/// What is reported together: one file, or the ultrasound files of one study.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "apps/ultrasound/open_frames.h"
#include "models/ultrasound/report/report.h"

namespace conclave {

struct StudyInput {
  std::string name;                          ///< of the files that are written: the file's or folder's stem
  std::vector<std::filesystem::path> files;  ///< in order of series and instance
  std::vector<std::string> problems;         ///< files of the study that cannot be read
};

/// The studies at `path`: a file (one), or a folder or DICOMDIR (one for each study that has ultrasound
/// pictures; a folder without any sound DICOM file is one for each picture and clip in it). Throws DataError
/// when there is nothing to read.
std::vector<StudyInput> find_studies(const std::filesystem::path& path);

/// An opened study; one file's frames are opened at a time.
class OpenStudy {
 public:
  /// Files that cannot be opened are left out. Throws DataError when none is left.
  OpenStudy(const StudyInput& input, std::optional<double> mm_per_pixel);
  const ultrasound::StudyInfo& info() const { return info_; }
  /// What was left out and why, that of `input` too.
  const std::vector<std::string>& problems() const { return problems_; }
  size_t size() const { return files_.size(); }
  /// The frames of file `index`; the last one asked for stays open.
  OpenedFrames& frames(size_t index);
  /// By a source's name; empty: the first. Throws UsageError for an unknown one.
  OpenedFrames& frames(const std::string& source);
  /// The name that evidence has for file `index`: empty where there is one file alone.
  std::string source_name(size_t index) const;

 private:
  ultrasound::Source source_of(size_t index);

  std::vector<std::filesystem::path> files_;
  std::vector<std::string> problems_;
  std::optional<double> mm_per_pixel_;
  ultrasound::StudyInfo info_;
  std::optional<size_t> opened_;
  OpenedFrames frames_;
};

}  // namespace conclave
