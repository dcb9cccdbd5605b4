#include "framework/base/error.h"
#include "framework/media/midi_file.h"

// Any bytes are refused with an Error or read, and what is read can be written.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace conclave;
  try {
    const MidiFile midi = read_midi({reinterpret_cast<const char*>(data), size}, "fuzz");
    for (const auto& note : midi.notes)
      if (note.length < 1 || note.key < 0 || note.key > 127 || note.start < 0) __builtin_trap();
    write_midi(midi);
  } catch (const Error&) {
  }
  return 0;
}
