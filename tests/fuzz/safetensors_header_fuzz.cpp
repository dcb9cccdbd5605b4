// Whatever the bytes, the parser returns a header that keeps its promises or throws DataError.
#include <cstdlib>

#include "framework/base/error.h"
#include "framework/base/safetensors_header.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view file(reinterpret_cast<const char*>(data), size);
  try {
    const auto header = conclave::parse_safetensors_header(file, "fuzz");
    uint64_t place = 0;
    for (const auto& e : header.entries) {
      if (e.begin != place || e.end < e.begin) std::abort();
      place = e.end;
    }
    if (header.data_offset + place != size) std::abort();
    std::string again = conclave::format_safetensors_header(header.entries, header.metadata);
    again.append(place, '\0');
    if (conclave::parse_safetensors_header(again, "again").entries.size() != header.entries.size())
      std::abort();
  } catch (const conclave::DataError&) {
  }
  return 0;
}
