// ARFF, with classes and with numbers to predict.
#include "framework/base/error.h"
#include "tests/fuzz/stream_rows.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace conclave::stream;
  const std::string text(reinterpret_cast<const char*>(data), size);
  for (const bool regression : {false, true}) {
    ReaderOptions options;
    options.format = "arff";
    options.regression = regression;
    try {
      check_rows(*open_text(bytes_of(text), "fuzz", options));
    } catch (const conclave::Error&) {
    }
  }
  return 0;
}
