#include "framework/base/error.h"
#include "framework/media/sound_codes_file.h"

// Any bytes are refused with an Error, or are written again as they were.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace conclave;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  try {
    const auto codes = read_sound_codes(bytes, "fuzz");
    if (codes.frames() * codes.books != static_cast<int64_t>(codes.codes.size())) __builtin_trap();
    read_sound_codes(write_sound_codes(codes), "again");
  } catch (const Error&) {
  }
  return 0;
}
