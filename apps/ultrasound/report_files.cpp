#include "apps/ultrasound/report_files.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "framework/base/error.h"
#include "framework/base/file.h"
#include "framework/base/log.h"
#include "framework/base/sha256.h"
#include "framework/text/utf8.h"
#include "models/ultrasound/report/audit.h"
#include "models/ultrasound/report/dicom_objects.h"
#include "models/ultrasound/report/draft.h"
#include "models/ultrasound/report/fhir.h"
#include "models/ultrasound/report/text.h"

namespace conclave {
namespace fs = std::filesystem;
using namespace ultrasound;
namespace {

/// What a format needs; the PDF is made once for all that hold it.
struct Rendering {
  const Report& report;
  const FrameOf& frame_of;
  std::string made;

  const std::string& pdf() {
    if (made.empty()) made = report_pdf(report, frame_of);
    return made;
  }
};

struct Format {
  const char* name;
  const char* extension;
  std::string (*render)(Rendering&);
};

const std::vector<Format>& formats_table() {
  static const std::vector<Format> table = {
      {"json", ".json", nullptr},  // always written, with its record
      {"text", ".txt", [](Rendering& r) { return report_text(r.report); }},
      {"pdf", ".pdf", [](Rendering& r) { return r.pdf(); }},
      {"sr", ".sr.dcm", [](Rendering& r) { return report_sr(r.report); }},
      {"seg", ".seg.dcm", [](Rendering& r) { return report_segmentation(r.report); }},
      {"pdf-dicom", ".pdf.dcm", [](Rendering& r) { return report_pdf_object(r.report, r.pdf()); }},
      {"fhir", ".fhir.json", [](Rendering& r) { return fhir_bundle(r.report, r.pdf()).dump(2) + "\n"; }},
  };
  return table;
}

/// A rendering that is not yet written: what cannot be made leaves no half of itself behind.
struct Rendered {
  std::string format;
  fs::path path;
  std::string bytes;
};

std::vector<Rendered> render(const Report& report, const fs::path& folder, const std::string& name,
                             const std::vector<std::string>& formats, const FrameOf& frame_of) {
  Rendering rendering{report, frame_of, ""};
  std::vector<Rendered> all;
  for (const auto& format : formats_table()) {
    if (!format.render || std::find(formats.begin(), formats.end(), format.name) == formats.end()) continue;
    std::string bytes = format.render(rendering);
    if (bytes.empty())
      log_warning("{}: no {}: it needs an outline in a DICOM picture", name, format.name);
    else
      all.push_back({format.name, folder / (name + format.extension), std::move(bytes)});
  }
  return all;
}

Json write(const std::vector<Rendered>& all) {
  Json files = Json::object();
  for (const auto& each : all) {
    write_file(each.path, each.bytes);
    files[each.format] = each.path.string();
  }
  return files;
}

}  // namespace

FolderLock::FolderLock(const fs::path& folder) {
  fs::create_directories(folder);
  file_ = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool locked = file_ >= 0 && ::flock(file_, LOCK_EX) == 0;
  const int why = errno;
  if (!locked && file_ >= 0) ::close(file_);
  require(locked, "{}: cannot be locked: {}", folder.string(), std::strerror(why));
}

FolderLock::~FolderLock() {
  ::close(file_);
}

std::vector<std::string> report_formats() {
  std::vector<std::string> names;
  for (const auto& format : formats_table()) names.push_back(format.name);
  return names;
}

std::vector<std::string> parse_formats(const std::vector<std::string>& lists) {
  const auto known = report_formats();
  std::vector<std::string> chosen;
  for (const auto& part : lists)
    for (size_t begin = 0; begin <= part.size();) {
      const size_t end = std::min(part.find(',', begin), part.size());
      const std::string format = part.substr(begin, end - begin);
      require<UsageError>(std::find(known.begin(), known.end(), format) != known.end(),
                          "--format: '{}' is none of: {}", format, fmt::join(known, ", "));
      chosen.push_back(format);
      begin = end + 1;
    }
  return chosen;
}

Json write_report_files(const Report& report, const fs::path& folder, const std::string& name,
                        const std::vector<std::string>& formats, const std::string& actor,
                        const std::string& action, const FrameOf& frame_of) {
  fs::create_directories(folder);
  if (replace_broken_utf8(name) != name)
    throw DataError((folder / name).string(), "",
                    "its name is no UTF-8, which the audit log needs: rename the file");
  const auto rendered = render(report, folder, name, formats, frame_of);
  const fs::path file = folder / (name + ".json"), fresh = folder / ("." + name + ".json.new");
  const std::string bytes = report_bytes(report);
  // What cannot be written is not recorded. Between record and renaming the log is ahead: a file that was
  // never there shows in it, not the other way round.
  write_file(fresh, bytes);
  try {
    append_audit(folder / "audit.jsonl", {utc_now(), actor, action, file.filename().string(), sha256(bytes)});
  } catch (...) {
    fs::remove(fresh);
    throw;
  }
  fs::rename(fresh, file);
  Json files = {{"json", file.string()}};
  files.update(write(rendered));
  return files;
}

std::string formats_beside(const fs::path& report) {
  std::vector<std::string> there;
  for (const auto& format : formats_table())
    if (format.render && fs::exists(fs::path(report).replace_extension(format.extension)))
      there.push_back(format.name);
  return fmt::format("{}", fmt::join(there, ","));
}

Json export_report_files(const Report& report, const fs::path& home, const fs::path& folder,
                         const std::string& name, const std::vector<std::string>& formats,
                         const FrameOf& frame_of) {
  fs::create_directories(folder);
  const Json files = write(render(report, folder, name, formats, frame_of));
  for (const auto& [format, file] : files.items())
    append_audit(home / "audit.jsonl",
                 {utc_now(), report.program, "exported", fs::relative(file.get<std::string>(), home).string(),
                  sha256_file(file.get<std::string>())});
  return files;
}

}  // namespace conclave
