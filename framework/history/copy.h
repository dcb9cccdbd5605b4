/// Whole histories: a copy of one, one taken into another, and what can still be read of a damaged one.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "framework/history/store.h"

namespace conclave {

/// A compact copy of the history as it is at one moment, also while runs go on. `target` must not be there;
/// it is complete or absent.
void backup(const Store& store, const std::filesystem::path& target);

struct MergeResult {
  int64_t added = 0, updated = 0, same = 0;
  std::vector<std::string> faults;  ///< what could not be read, when that was allowed
};

enum class Damage : uint8_t { refuse, leave_out };

/// Takes the runs of the history `other` into `store`. A run that is in both (by uuid) is taken again when it
/// has gone on in `other`; names and the bin stay as they are here, tags of both are kept, of two notes the
/// later one. `other` is not changed; an older version is brought up to date in a copy. The queue is not
/// taken. One transaction. With Damage::leave_out a damaged `other` gives what can still be read. Throws
/// DataError, Error.
MergeResult merge(Store& store, const std::filesystem::path& other, Damage damage = Damage::refuse);

}  // namespace conclave
