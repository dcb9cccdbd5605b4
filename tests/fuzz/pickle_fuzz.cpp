// Whatever the bytes, the reader gives tensors within their storages or throws DataError.
#include <cstdlib>
#include <set>

#include "framework/base/error.h"
#include "framework/base/pickle.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    const auto read = conclave::read_pickle({reinterpret_cast<const char*>(data), size}, "fuzz");
    std::set<std::string> names;
    for (const auto& t : read.tensors) {
      if (!names.insert(t.name).second || t.shape.size() != t.stride.size()) std::abort();
      __int128 last = t.offset, count = 1;
      for (size_t i = 0; i < t.shape.size(); ++i) {
        if (t.shape[i] < 0 || t.stride[i] < 0) std::abort();
        count *= t.shape[i];
        if (t.shape[i] > 0) last += static_cast<__int128>(t.shape[i] - 1) * t.stride[i];
      }
      if (t.offset < 0 || (count > 0 && last >= t.storage_size)) std::abort();
    }
    (void)read.values.dump();
  } catch (const conclave::DataError&) {
  }
  return 0;
}
