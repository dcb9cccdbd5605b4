// Whatever the bytes, a reader refuses them or gives rows that keep to its schema.
#include <cstdlib>

#include "framework/base/error.h"
#include "models/stream/io/text_source.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace conclave::stream;
  try {
    const auto source = open_text(bytes_of({reinterpret_cast<const char*>(data), size}), "fuzz");
    RowBlock block;
    while (source->read(block, 64) > 0) {
      for (size_t i = 0; i < block.size(); ++i) {
        const auto row = block.row(i);
        for (size_t j = 0; j < row.size(); ++j) {
          const auto& input = source->schema().inputs[j];
          if (std::isinf(row[j])) std::abort();
          if (input.nominal && !std::isnan(row[j]) && !(row[j] >= 0 && row[j] < input.values.size()))
            std::abort();
        }
        if (block.label(i) >= source->schema().classes()) std::abort();
      }
    }
  } catch (const conclave::Error&) {
  }
  return 0;
}
