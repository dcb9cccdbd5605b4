#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>

#include "framework/base/error.h"
#include "framework/dicom/dicom_file.h"

// Any bytes are refused with an Error or give frames of the size that they promise.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace conclave;
  const int file = memfd_create("fuzz", 0);
  if (file < 0 || write(file, data, size) != static_cast<ssize_t>(size)) __builtin_trap();
  try {
    dicom::DicomFile dicom("/proc/self/fd/" + std::to_string(file));
    dicom.describe(true).dump(-1, ' ', false, Json::error_handler_t::replace);
    for (int64_t i = 0; i < std::min<int64_t>(dicom.frame_count(), 2); ++i) {
      const auto frame = dicom.read(i);
      if (frame.rgb.size() != static_cast<size_t>(frame.width * frame.height * 3)) __builtin_trap();
      const auto length = line_length(dicom.calibration(i), {0, 0}, {1, 1});
      if (length.mm && !(*length.mm > 0 && *length.mm < 100)) __builtin_trap();
    }
  } catch (const Error&) {
  }
  close(file);
  return 0;
}
