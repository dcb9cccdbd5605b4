/// Fitting what a reader says of itself: temperatures, and what it must know to read at all.
#pragma once

#include "apps/ultrasound/samples.h"
#include "models/ultrasound/reader_folder.h"

namespace conclave {

/// Reads the validation part of `sets` as reports are read, and refits the reader's temperatures and
/// known_from to it. Throws UsageError when there are no such pictures. Returns how many there were.
int64_t calibrate(ultrasound::SavedReader& reader, const std::vector<UltrasoundSet>& sets);

}  // namespace conclave
