/// JPEG 2000 codestreams through OpenJPEG.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace conclave::dicom {

/// The samples of a codestream, interleaved, 8 bits each or 16 bits low byte first where it has more. Throws
/// DataError unless it is whole and has exactly this size; sizes are compared before anything is decoded.
std::vector<uint8_t> decode_jpeg2000(std::string_view bytes, int64_t width, int64_t height, int64_t samples,
                                     int64_t bits_allocated, const std::string& name);

}  // namespace conclave::dicom
