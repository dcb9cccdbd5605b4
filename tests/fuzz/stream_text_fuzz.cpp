// Whatever the bytes, a reader refuses them or gives rows that keep to its schema: the format guessed, gzip
// too.
#include "framework/base/error.h"
#include "tests/fuzz/stream_rows.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace conclave::stream;
  try {
    check_rows(*open_text(bytes_of({reinterpret_cast<const char*>(data), size}), "fuzz"));
  } catch (const conclave::Error&) {
  }
  return 0;
}
