#include "apps/ultrasound/study_input.h"

#include <algorithm>
#include <set>

#include "framework/base/error.h"
#include "framework/base/sha256.h"
#include "framework/dicom/study.h"

namespace conclave {
namespace fs = std::filesystem;
namespace {

// "scan.dcm" -> "scan"; a name that begins with a dot or has no stem stays.
std::string stem_of(const fs::path& path) {
  const fs::path named = path.has_filename() ? path : path.parent_path();
  const std::string stem = named.stem().string();
  return stem.empty() ? "study" : stem;
}

bool is_picture_or_clip(const fs::path& path) {
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  static const std::set<std::string> known = {".png", ".jpg", ".jpeg", ".tif",  ".tiff", ".mp4", ".m4v",
                                              ".mov", ".avi", ".mpg",  ".mpeg", ".mkv",  ".webm"};
  return known.contains(extension);
}

std::vector<StudyInput> pictures_of(const fs::path& folder) {
  std::vector<StudyInput> inputs;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.is_regular_file() && is_picture_or_clip(entry.path()))
      inputs.push_back({stem_of(entry.path()), {entry.path()}, {}});
  std::sort(inputs.begin(), inputs.end(), [](const auto& a, const auto& b) { return a.files < b.files; });
  return inputs;
}

// What a file says goes into texts and onto terminals: no line of its own, no escape sequence.
std::string one_line(std::string text) {
  for (char& c : text)
    if (static_cast<unsigned char>(c) < 32 || c == 127) c = ' ';
  return text;
}

}  // namespace

std::vector<StudyInput> find_studies(const fs::path& path) try {
  if (!fs::exists(path)) throw DataError(path.string(), "", "no such file or folder");
  const bool directory = path.filename() == "DICOMDIR";
  if (!fs::is_directory(path) && !directory) return {{stem_of(path), {path}, {}}};
  const auto list = dicom::list_studies(path);
  std::vector<StudyInput> inputs;
  for (const auto& study : list.studies) {
    StudyInput input;
    for (const auto& series : study.series)
      for (const auto& file : series.files) {
        try {
          dicom::DicomFile(file.path).require_ultrasound();
          input.files.push_back(file.path);
        } catch (const DataError& other) {
          if (file.info.modality == "US") input.problems.push_back(other.what());
        }
      }
    if (input.files.empty()) continue;
    input.name = stem_of(directory ? path.parent_path() : path);
    inputs.push_back(std::move(input));
  }
  if (inputs.size() > 1)
    for (size_t i = 0; i < inputs.size(); ++i) inputs[i].name += fmt::format("-{}", i + 1);
  if (inputs.empty() && list.studies.empty() && !directory) inputs = pictures_of(path);
  for (const auto& [file, what] : list.problems)
    if (!inputs.empty()) inputs.front().problems.push_back(what);
  if (inputs.empty())
    throw DataError(path.string(), "",
                    list.problems.empty() ? "has no ultrasound pictures" : list.problems.front().second);
  return inputs;
} catch (const fs::filesystem_error& e) {  // a link to itself, a closed folder
  throw DataError(e.path1().empty() ? path.string() : e.path1().string(), "", e.code().message());
}

OpenStudy::OpenStudy(const StudyInput& input, std::optional<double> mm_per_pixel)
    : files_(input.files), problems_(input.problems), mm_per_pixel_(mm_per_pixel) {
  for (size_t i = 0; i < files_.size();) {
    try {
      info_.sources.push_back(source_of(i));
      ++i;
    } catch (const DataError& broken) {
      if (files_.size() == 1) throw;
      problems_.push_back(broken.what());
      files_.erase(files_.begin() + static_cast<ptrdiff_t>(i));
    }
  }
}

ultrasound::Source OpenStudy::source_of(size_t index) {
  const OpenedFrames& opened = frames(index);
  ultrasound::Source source{files_[index].filename().string(), "",           "",           "",
                            opened.frames->frame_count(),      opened.width, opened.height};
  if (!opened.file) {
    source.sha256 = sha256_file(files_[index]);
    return source;
  }
  const auto& about = opened.file->info();
  source.sop_class = about.sop_class, source.sop_instance = about.sop_instance,
  source.series_uid = about.series_uid;
  if (index == 0) {
    info_.uid = about.study_uid;
    info_.date = one_line(about.study_date);
    info_.accession = one_line(about.accession);
    info_.description = one_line(about.study_description);
    info_.patient = {one_line(about.patient_name), one_line(about.patient_id), one_line(about.birth_date),
                     one_line(about.sex)};
  }
  return source;
}

OpenedFrames& OpenStudy::frames(size_t index) {
  if (opened_ != index) {
    opened_.reset();
    frames_ = open_frames(files_.at(index), mm_per_pixel_);
    opened_ = index;
  }
  return frames_;
}

OpenedFrames& OpenStudy::frames(const std::string& source) {
  for (size_t i = 0; i < files_.size(); ++i)
    if (source.empty() || source == files_[i].filename().string()) return frames(i);
  throw UsageError(fmt::format("'{}': the study has no such file", source));
}

std::string OpenStudy::source_name(size_t index) const {
  return files_.size() == 1 ? "" : files_[index].filename().string();
}

}  // namespace conclave
