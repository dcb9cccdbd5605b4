#include "framework/base/error.h"
#include "framework/media/musicxml_file.h"

// Any bytes are refused with an Error or read, and what is read can be written and read again.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace conclave;
  try {
    const MidiFile midi = read_musicxml({reinterpret_cast<const char*>(data), size}, "fuzz");
    for (const auto& note : midi.notes)
      if (note.length < 1 || note.key < 0 || note.key > 127 || note.start < 0) __builtin_trap();
    if (midi.length() > int64_t{1000} * midi.division) return 0;  // thousands of empty bars tell nothing new
    const std::string written = write_musicxml(midi);
    if (read_musicxml(written, "written").notes.size() > midi.notes.size()) __builtin_trap();
  } catch (const Error&) {
  }
  return 0;
}
