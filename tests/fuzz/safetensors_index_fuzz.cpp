// Whatever the bytes, the parser names files of the same folder alone, or throws DataError.
#include <cstdlib>

#include "framework/base/error.h"
#include "framework/base/safetensors_index.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    const auto index = conclave::parse_safetensors_index({reinterpret_cast<const char*>(data), size}, "fuzz");
    for (const auto& [file, names] : index) {
      if (file.empty() || file.find('/') != std::string::npos || file == ".." || names.empty()) std::abort();
    }
  } catch (const conclave::DataError&) {
  }
  return 0;
}
