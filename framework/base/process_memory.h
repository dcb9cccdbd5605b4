/// How much memory this process holds.
#pragma once

#include <cstdint>

namespace conclave {

/// The most bytes that were resident since the start, or since reset_peak_memory(); 0 where it is not known.
int64_t peak_memory();

/// The bytes that are resident now; 0 where it is not known.
int64_t resident_memory();

/// From now on memory that was given back stays with the process, up to 256 MB, and is taken again without
/// the system's clearing pages: for programs whose every step needs the same large tensors anew. Does nothing
/// where the library has no such switch.
void keep_freed_memory();

/// Lets peak_memory() begin anew from what is resident now. Does nothing where the system cannot.
void reset_peak_memory();

}  // namespace conclave
