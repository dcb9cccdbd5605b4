/// Writing DICOM files with DCMTK. Kept out of the public headers.
#pragma once

#include <string>

class DcmFileFormat;

namespace conclave::dicom {

/// A UID under 2.25 that `text` always gets: 128 bits of its SHA-256 as a decimal number (PS3.5 B.2).
std::string uid_of(const std::string& text);

/// The file's bytes, explicit little endian. Throws Error.
std::string file_bytes(DcmFileFormat& file);

}  // namespace conclave::dicom
