// Files of codes: there and back, and every way to be damaged.
#include "framework/media/sound_codes_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "framework/base/crc32c.h"
#include "framework/base/error.h"

namespace conclave {
namespace {

using ::testing::HasSubstr;

SoundCodes three_frames() {
  SoundCodes c;
  c.sample_rate = 8000;
  c.hop = 160;
  c.books = 2;
  c.book_size = 300;
  c.samples = 401;
  c.codec[0] = 7;
  c.codes = {0, 299, 5, 256, 17, 1};
  return c;
}

std::string sealed(std::string bytes) {
  const uint32_t sum = crc32c(std::string_view(bytes).substr(0, bytes.size() - 4));
  for (int i = 0; i < 4; ++i)
    bytes[bytes.size() - 4 + static_cast<size_t>(i)] = static_cast<char>(sum >> (8 * i));
  return bytes;
}

void expect_codes_refused(const std::string& bytes, const std::string& what) {
  try {
    read_sound_codes(bytes, "a.cvs");
    ADD_FAILURE() << "accepted; wanted: " << what;
  } catch (const DataError& e) {
    EXPECT_THAT(e.what(), HasSubstr(what));
  }
}

TEST(SoundCodes, ThereAndBack) {
  const auto bytes = write_sound_codes(three_frames());
  EXPECT_EQ(bytes.size(), 56u + 7u + 4u);  // 6 codes of 9 bits
  const auto back = read_sound_codes(bytes, "a.cvs");
  EXPECT_EQ(back.codes, three_frames().codes);
  EXPECT_EQ(back.samples, 401);
  EXPECT_EQ(back.codec, three_frames().codec);
  EXPECT_EQ(back.frames(), 3);
  EXPECT_NEAR(back.payload_rate(), 54.0 * 8000 / 401, 1e-9);
  // Sound of no length at all.
  SoundCodes none = three_frames();
  none.codes.clear();
  none.samples = 0;
  EXPECT_EQ(read_sound_codes(write_sound_codes(none), "b").frames(), 0);
}

TEST(SoundCodes, EveryCutAndEveryFlippedBitIsSeen) {
  const auto bytes = write_sound_codes(three_frames());
  for (size_t size = 0; size < bytes.size(); ++size)
    EXPECT_THROW(read_sound_codes(bytes.substr(0, size), "cut"), DataError) << size;
  for (size_t at = 0; at < bytes.size(); ++at) {
    auto flipped = bytes;
    flipped[at] = static_cast<char>(flipped[at] ^ 4);
    EXPECT_THROW(read_sound_codes(flipped, "flipped"), DataError) << at;
  }
  expect_codes_refused(bytes + "x", "behind the end");
  expect_codes_refused("RIFFxxxxWAVE", "no file of sound codes");
}

TEST(SoundCodes, SizesAreCheckedBeforeMemoryIsTaken) {
  auto bytes = write_sound_codes(three_frames());
  // 2^47 samples of one a frame: 2^47 frames would be read.
  bytes.replace(12, 4, std::string("\1\0\0\0", 4));
  for (const size_t at : {24u, 32u}) bytes.replace(at, 8, std::string("\0\0\0\0\0\x80\0\0", 8));
  expect_codes_refused(sealed(bytes), "cut off");
  bytes.replace(24, 8, std::string("\0\0\0\0\0\0\0\xff", 8));
  expect_codes_refused(sealed(bytes), "more samples");
}

TEST(SoundCodes, CodesMustExist) {
  auto bytes = write_sound_codes(three_frames());
  bytes[56] = '\xff';
  bytes[57] = static_cast<char>(bytes[57] | 1);
  expect_codes_refused(sealed(bytes), "511 of 300 rows");
  auto many = three_frames();
  many.codes[1] = 300;
  EXPECT_THROW(write_sound_codes(many), UsageError);
  many = three_frames();
  many.samples = 481;
  EXPECT_THROW(write_sound_codes(many), UsageError);
}

}  // namespace
}  // namespace conclave
