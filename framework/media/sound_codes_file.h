/// A file of a codec's codes: little-endian, a header of 56 bytes, the codes packed to bits, a checksum.
///
///   0  "CVSOUND1"           8  u32 sample rate      12 u32 samples of a frame
///   16 u16 codebooks        18 u16 bits of a code   20 u32 rows of a codebook
///   24 u64 samples          32 u64 frames           40 16 bytes: the codec (begin of its weights' SHA-256)
///   56 codes, frame by frame, in each frame codebook by codebook, each with its bits, lowest first; the last
///      byte is filled by zeros
///   .. u32 CRC-32C of all bytes before
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace conclave {

struct SoundCodes {
  int64_t sample_rate = 0, hop = 0;  ///< hertz, samples of a frame
  int64_t books = 0, book_size = 0;
  int64_t samples = 0;              ///< of the sound; frames are this over hop, rounded up
  std::array<uint8_t, 16> codec{};  ///< which codec reads them
  std::vector<uint16_t> codes;      ///< [frames, books]

  int64_t frames() const { return books > 0 ? static_cast<int64_t>(codes.size()) / books : 0; }
  /// Of the codes alone, in bits a second.
  double payload_rate() const;
};

/// Throws UsageError for numbers that the format cannot hold and codes that do not exist.
std::string write_sound_codes(const SoundCodes& codes);

/// Throws DataError for bytes that are no such file, cut short or damaged; sizes are checked before memory is
/// taken.
SoundCodes read_sound_codes(std::string_view bytes, const std::string& name);

}  // namespace conclave
