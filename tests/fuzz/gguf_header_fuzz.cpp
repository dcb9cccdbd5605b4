// Whatever the bytes, the parser returns a header that keeps its promises or throws DataError.
#include <cstdlib>

#include "framework/base/error.h"
#include "framework/base/gguf_header.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view file(reinterpret_cast<const char*>(data), size);
  try {
    for (const auto& tensor : conclave::parse_gguf_header(file, "fuzz").tensors) {
      if (tensor.begin > size || tensor.bytes > size - tensor.begin) std::abort();
      if (!conclave::gguf_type(tensor.type)) std::abort();
    }
  } catch (const conclave::DataError&) {
  }
  return 0;
}
