#include "framework/base/error.h"
#include "framework/media/matlab_file.h"

// Any bytes are refused with an Error or read.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace conclave;
  try {
    read_matlab({reinterpret_cast<const char*>(data), size}, "fuzz", 1 << 22);
  } catch (const Error&) {
  }
  return 0;
}
