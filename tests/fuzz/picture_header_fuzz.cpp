#include "framework/base/error.h"
#include "framework/media/picture_header.h"

// Any bytes are refused with an Error or have a size.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace conclave;
  try {
    const auto header = read_picture_header({reinterpret_cast<const char*>(data), size}, "fuzz");
    if (header.width < 1 || header.height < 1 || header.largest_plane < 1) __builtin_trap();
    if (header.orientation < 1 || header.orientation > 8) __builtin_trap();
  } catch (const Error&) {
  }
  return 0;
}
