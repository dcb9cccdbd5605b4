/// An append-only log whose records are chained by hashes: an edit of any old line shows.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "framework/base/json.h"

namespace conclave::ultrasound {

/// One line: {"n", "time", "actor", "action", "subject", "sha256", "previous", "hash"}. `hash` is the SHA-256
/// of the line's bytes before its own key, and `previous` that of the line before. A line that a crash cut
/// off stays as it is; the next record names the hash of its bytes.
struct AuditEntry {
  std::string time, actor;
  std::string action;   ///< "drafted", "edited", "signed", "amended", "exported", "deidentified"
  std::string subject;  ///< the file, relative to the log's folder where it lies below it
  std::string sha256;   ///< of the subject as it is after the action
};

/// Adds a record and syncs it to disk before it returns; several processes may. Returns its hash. Throws
/// Error when the log cannot be written, DataError when its last record is broken.
std::string append_audit(const std::filesystem::path& log, const AuditEntry& entry);

struct AuditCheck {
  int64_t records = 0;
  std::string head;                   ///< hash of the last record; zeros when there is none
  std::vector<std::string> problems;  ///< edits, gaps, lines that are no records; empty: the chain is whole
  std::vector<std::string> notes;     ///< crashes that the log tells of
  std::vector<AuditEntry> last;       ///< of each subject, its last record, by subject
};

/// Throws DataError when `file`, which lies beside its log, is not as the log says it was left: what was
/// changed outside is not gone on with. A file that the log does not know passes.
void require_as_logged(const std::filesystem::path& log, const std::filesystem::path& file);

/// A log whose end was cut off line by line is whole in itself: compare `head` with one that was kept
/// elsewhere.
AuditCheck check_audit(const std::filesystem::path& log);

}  // namespace conclave::ultrasound
