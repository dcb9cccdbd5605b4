#include "framework/dicom/study.h"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dcdicdir.h>
#include <dcmtk/dcmdata/dctk.h>

#include <algorithm>
#include <map>
#include <set>

#include "framework/base/error.h"
#include "framework/base/mapped_file.h"
#include "framework/base/signals.h"
#include "framework/dicom/dcmtk.h"
#include "framework/dicom/layout.h"

namespace conclave::dicom {
namespace fs = std::filesystem;
namespace {

constexpr size_t kMostFiles = 100'000;

// A referenced file ID is a list of folder names and a file name; nothing of it may leave the folder.
void add_references(DcmItem& record, const fs::path& folder, std::vector<fs::path>& files) {
  OFString whole;
  if (record.findAndGetOFStringArray(DCM_ReferencedFileID, whole).bad() || whole.empty()) return;
  fs::path path = folder;
  std::string part;
  for (const char letter : std::string(whole.c_str()) + "\\") {
    if (letter != '\\') {
      part += letter;
      continue;
    }
    while (!part.empty() && part.back() == ' ') part.pop_back();
    if (part.empty() || part == "." || part == ".." || part.find('/') != std::string::npos) return;
    path /= part;
    part.clear();
  }
  files.push_back(path);
}

std::vector<fs::path> files_of_directory(const fs::path& dicomdir) {
  prepare_dcmtk();
  const MappedFile mapped(dicomdir);
  read_layout(mapped.text(), dicomdir.string());
  DcmtkWarnings caught;
  DcmFileFormat format;
  const OFCondition done = format.loadFile(dicomdir.c_str());
  if (done.bad())
    throw DataError(dicomdir.string(), "", fmt::format("cannot be read as DICOM: {}", done.text()));
  DcmSequenceOfItems* records = nullptr;
  if (format.getDataset()->findAndGetSequence(DCM_DirectoryRecordSequence, records).bad() || !records)
    throw DataError(dicomdir.string(), "", "is no DICOMDIR: it has no directory records");
  std::vector<fs::path> files;
  for (unsigned long i = 0; i < records->card(); ++i)
    add_references(*records->getItem(i), dicomdir.parent_path(), files);
  return files;
}

std::vector<fs::path> files_of_folder(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry :
       fs::recursive_directory_iterator(folder, fs::directory_options::skip_permission_denied)) {
    throw_if_interrupted();
    if (!entry.is_regular_file() || entry.path().filename() == "DICOMDIR") continue;
    if (entry.path().extension() == ".dcm" || looks_like_dicom(entry.path())) files.push_back(entry.path());
    require(files.size() <= kMostFiles, "{}: more than {} files", folder.string(), kMostFiles);
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

StudyList list_studies(const fs::path& path) {
  std::vector<fs::path> files;
  if (fs::is_directory(path)) {
    files = files_of_folder(path);
  } else if (path.filename() == "DICOMDIR") {
    files = files_of_directory(path);
  } else {
    if (!fs::is_regular_file(path)) throw DataError(path.string(), "", "no such file");
    files = {path};
  }
  StudyList list;
  std::map<std::string, std::map<std::string, std::vector<StudyFile>>> sorted;
  for (const auto& file : files) {
    throw_if_interrupted();
    try {
      const DicomFile dicom(file);
      sorted[dicom.info().study_uid][dicom.info().series_uid].push_back({file, dicom.info()});
    } catch (const Error& wrong) {
      list.problems.emplace_back(file, wrong.what());
    }
  }
  for (auto& [study_uid, by_series] : sorted) {
    Study study{study_uid, {}};
    for (auto& [series_uid, members] : by_series) {
      std::stable_sort(members.begin(), members.end(), [](const StudyFile& a, const StudyFile& b) {
        return a.info.instance_number < b.info.instance_number;
      });
      study.series.push_back({series_uid, std::move(members)});
    }
    std::stable_sort(study.series.begin(), study.series.end(), [](const Series& a, const Series& b) {
      return a.files.front().info.series_number < b.files.front().info.series_number;
    });
    list.studies.push_back(std::move(study));
  }
  return list;
}

Json describe_studies(const StudyList& list, bool identity) {
  Json studies = Json::array(), problems = Json::array();
  for (const auto& study : list.studies) {
    Json all = Json::array();
    for (const auto& series : study.series) {
      Json files = Json::array();
      for (const auto& file : series.files)
        files.push_back({{"file", file.path.string()},
                         {"instance_number", file.info.instance_number},
                         {"sop_class", file.info.sop_class_name},
                         {"frames", file.info.frames},
                         {"width", file.info.width},
                         {"height", file.info.height}});
      const auto& first = series.files.front().info;
      all.push_back({{"uid", series.uid},
                     {"number", first.series_number},
                     {"modality", first.modality},
                     {"description", first.series_description},
                     {"files", files}});
    }
    const auto& first = study.series.front().files.front().info;
    Json row = {{"uid", study.uid}, {"date", first.study_date}, {"description", first.study_description}};
    if (identity)
      row["patient"] = {{"name", first.patient_name},
                        {"id", first.patient_id},
                        {"birth_date", first.birth_date},
                        {"sex", first.sex}};
    row["series"] = std::move(all);
    studies.push_back(std::move(row));
  }
  for (const auto& [file, what] : list.problems)
    problems.push_back({{"file", file.string()}, {"problem", what}});
  return {{"studies", studies}, {"problems", problems}};
}

}  // namespace conclave::dicom
