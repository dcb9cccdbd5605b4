/// A report in its files, each step in the audit log beside them.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "models/ultrasound/report/pdf.h"

namespace conclave {

/// Held from looking at a folder's reports until they are written: programs that work on one folder take
/// turns.
class FolderLock {
 public:
  /// Makes the folder where it is missing. Throws Error when it cannot be locked.
  explicit FolderLock(const std::filesystem::path& folder);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int file_;
};

/// "json", "text", ...: what --format may name.
std::vector<std::string> report_formats();

/// The formats in comma-separated lists. Throws UsageError for an unknown one.
std::vector<std::string> parse_formats(const std::vector<std::string>& lists);

/// Writes DIR/NAME.EXTENSION for each format; the JSON is always written, after its record in
/// DIR/audit.jsonl. Returns the paths by format. The caller holds the folder's lock.
Json write_report_files(const ultrasound::Report& report, const std::filesystem::path& folder,
                        const std::string& name, const std::vector<std::string>& formats,
                        const std::string& actor, const std::string& action,
                        const ultrasound::FrameOf& frame_of);

/// The other formats of a report that lie beside it, comma-separated: an edit leaves them as they were.
std::string formats_beside(const std::filesystem::path& report);

/// The formats but "json" of a report that lies in `home`, into `folder`; each in the audit log of `home`.
Json export_report_files(const ultrasound::Report& report, const std::filesystem::path& home,
                         const std::filesystem::path& folder, const std::string& name,
                         const std::vector<std::string>& formats, const ultrasound::FrameOf& frame_of);

}  // namespace conclave
