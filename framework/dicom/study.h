/// Studies: a folder, a DICOMDIR or a single file, sorted into series.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "framework/base/json.h"
#include "framework/dicom/dicom_file.h"

namespace conclave::dicom {

struct StudyFile {
  std::filesystem::path path;
  DicomInfo info;
};

struct Series {
  std::string uid;
  std::vector<StudyFile> files;  ///< by instance number, then by name
};

struct Study {
  std::string uid;
  std::vector<Series> series;  ///< by series number, then by uid
};

struct StudyList {
  std::vector<Study> studies;  ///< by uid
  /// Files that are named as DICOM or look like it but cannot be read, each with what is wrong.
  std::vector<std::pair<std::filesystem::path, std::string>> problems;
};

/// `path`: a folder (walked through; files that are no DICOM are passed over), a DICOMDIR or a file. Throws
/// DataError when there is nothing at `path` or a DICOMDIR cannot be read.
StudyList list_studies(const std::filesystem::path& path);

/// {"studies": [{"uid", "series": [{"uid", "number", "modality", "files": [...]}]}], "problems": [...]}
Json describe_studies(const StudyList& list, bool identity);

}  // namespace conclave::dicom
