#include "framework/media/sound_codes_file.h"

#include <bit>
#include <cstring>

#include "framework/base/crc32c.h"
#include "framework/media/byte_view.h"

namespace conclave {
namespace {

constexpr std::string_view kMagic = "CVSOUND1";
constexpr uint64_t kCodesHeader = 56, kChecksum = 4;
constexpr int64_t kMostBooks = 256, kMostRows = 65536;

int bits_of(int64_t rows) {
  return rows > 1 ? std::bit_width(static_cast<uint64_t>(rows - 1)) : 1;
}

void put_little_endian(std::string& bytes, uint64_t value, int count) {
  for (int i = 0; i < count; ++i) bytes.push_back(static_cast<char>(value >> (8 * i) & 0xff));
}

// What both ways hold to; "" when it is well.
std::string fault(const SoundCodes& c, int64_t frames) {
  if (c.sample_rate < 1 || c.sample_rate > 768000 || c.hop < 1 || c.hop > 768000)
    return fmt::format("{} samples a frame at {} Hz", c.hop, c.sample_rate);
  if (c.books < 1 || c.books > kMostBooks || c.book_size < 1 || c.book_size > kMostRows)
    return fmt::format("{} codebooks of {} rows: allowed are {} of {}", c.books, c.book_size, kMostBooks,
                       kMostRows);
  const bool agree = c.samples >= 0 && frames >= 0 && frames == c.samples / c.hop + (c.samples % c.hop > 0);
  return agree ? "" : fmt::format("{} frames for {} samples", frames, c.samples);
}

}  // namespace

double SoundCodes::payload_rate() const {
  if (samples <= 0) return 0;
  return static_cast<double>(static_cast<int64_t>(codes.size()) * bits_of(book_size) * sample_rate) /
         static_cast<double>(samples);
}

std::string write_sound_codes(const SoundCodes& c) {
  require<UsageError>(c.books > 0 && static_cast<int64_t>(c.codes.size()) % c.books == 0,
                      "[codes] {} codes of {} codebooks", c.codes.size(), c.books);
  const auto wrong = fault(c, c.frames());
  require<UsageError>(wrong.empty(), "[codes] {}", wrong);
  const int bits = bits_of(c.book_size);
  std::string bytes(kMagic);
  put_little_endian(bytes, static_cast<uint64_t>(c.sample_rate), 4);
  put_little_endian(bytes, static_cast<uint64_t>(c.hop), 4);
  put_little_endian(bytes, static_cast<uint64_t>(c.books), 2);
  put_little_endian(bytes, static_cast<uint64_t>(bits), 2);
  put_little_endian(bytes, static_cast<uint64_t>(c.book_size), 4);
  put_little_endian(bytes, static_cast<uint64_t>(c.samples), 8);
  put_little_endian(bytes, static_cast<uint64_t>(c.frames()), 8);
  for (const uint8_t byte : c.codec) bytes.push_back(static_cast<char>(byte));
  uint64_t held = 0;
  int count = 0;
  for (const uint16_t code : c.codes) {
    require<UsageError>(code < c.book_size, "[codes] code {} of {}", code, c.book_size);
    held |= uint64_t{code} << count;
    for (count += bits; count >= 8; count -= 8, held >>= 8) bytes.push_back(static_cast<char>(held & 0xff));
  }
  if (count > 0) bytes.push_back(static_cast<char>(held & 0xff));
  put_little_endian(bytes, crc32c(bytes), 4);
  return bytes;
}

SoundCodes read_sound_codes(std::string_view bytes, const std::string& name) {
  if (!bytes.starts_with(kMagic.substr(0, std::min(kMagic.size(), bytes.size()))) || bytes.empty())
    throw DataError(name, "", "is no file of sound codes");
  const ByteView view(bytes, name, /*big_endian=*/false);
  view.need(0, kCodesHeader + kChecksum);
  SoundCodes c;
  c.sample_rate = view.u32(8);
  c.hop = view.u32(12);
  c.books = view.u16(16);
  const int bits = view.u16(18);
  c.book_size = view.u32(20);
  const uint64_t samples = view.number(24, 8), frames = view.number(32, 8);
  constexpr uint64_t kMost = uint64_t{1} << 48;
  if (samples > kMost || frames > kMost)
    throw DataError(name, "offset 24", "tells more samples than there can be");
  c.samples = static_cast<int64_t>(samples);
  if (const auto wrong = fault(c, static_cast<int64_t>(frames)); !wrong.empty())
    throw DataError(name, "offset 8", wrong);
  if (bits != bits_of(c.book_size))
    throw DataError(name, "offset 18", fmt::format("{} bits for a code of {}", bits, c.book_size));
  const uint64_t codes = frames * static_cast<uint64_t>(c.books);
  const uint64_t packed = (codes * static_cast<uint64_t>(bits) + 7) / 8;
  view.need(kCodesHeader, packed + kChecksum);
  if (bytes.size() != kCodesHeader + packed + kChecksum)
    throw DataError(name, fmt::format("offset {}", kCodesHeader + packed + kChecksum),
                    "bytes behind the end");
  if (view.u32(kCodesHeader + packed) != crc32c(bytes.substr(0, kCodesHeader + packed)))
    throw DataError(name, fmt::format("offset {}", kCodesHeader + packed),
                    "the checksum differs: the file is damaged");
  std::memcpy(c.codec.data(), bytes.data() + 40, c.codec.size());
  c.codes.reserve(codes);
  uint64_t held = 0, at = kCodesHeader;
  int count = 0;
  for (uint64_t i = 0; i < codes; ++i) {
    for (; count < bits; count += 8) held |= uint64_t{view.u8(at++)} << count;
    const auto code = static_cast<uint16_t>(held & ((uint64_t{1} << bits) - 1));
    held >>= bits;
    count -= bits;
    if (code >= c.book_size)
      throw DataError(name, fmt::format("code {}", i), fmt::format("{} of {} rows", code, c.book_size));
    c.codes.push_back(code);
  }
  return c;
}

}  // namespace conclave
