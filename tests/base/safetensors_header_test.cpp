// Headers that lie: each must be a DataError, never a crash. The cases also become the fuzz target's seeds.
#include "framework/base/safetensors_header.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "framework/base/error.h"
#include "framework/base/file.h"
#include "testing/testing.h"

namespace conclave {
namespace {

using ::testing::HasSubstr;

std::string file_of(const std::string& json, size_t data_bytes, std::optional<uint64_t> length = {}) {
  const uint64_t claimed = length.value_or(json.size());
  std::string bytes(8, '\0');
  for (int i = 0; i < 8; ++i) bytes[i] = static_cast<char>(claimed >> (8 * i));
  return bytes + json + std::string(data_bytes, 'x');
}

const std::string kGood =
    R"({"__metadata__":{"format":"pt"},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]},)"
    R"("a":{"dtype":"I16","shape":[1,2],"data_offsets":[0,4]},"none":{"dtype":"U8","shape":[0,3],"data_offsets":[4,4]}} )";

TEST(SafetensorsHeader, ReadsEntriesInDataOrder) {
  const auto header = parse_safetensors_header(file_of(kGood, 12), "good");
  ASSERT_EQ(header.entries.size(), 3u);
  EXPECT_EQ(header.entries[0].name, "a");
  EXPECT_EQ(header.entries[1].name, "none");
  EXPECT_EQ(header.entries[2].name, "b");
  EXPECT_EQ(header.entries[2].begin, 4u);
  EXPECT_EQ(header.entries[2].shape, std::vector<int64_t>{2});
  EXPECT_EQ(header.metadata.at("format"), "pt");
  EXPECT_EQ(header.data_offset, 8 + kGood.size());
}

TEST(SafetensorsHeader, FormattedHeaderReadsBack) {
  const std::vector<SafetensorsEntry> entries = {{"z\"\n\xc3\xa9", "BF16", {3}, 0, 6},
                                                 {"s", "F64", {}, 6, 14}};
  const std::string bytes = format_safetensors_header(entries, {{"seed", "7"}});
  EXPECT_EQ(bytes.size() % 64, 0u);
  const auto header = parse_safetensors_header(bytes + std::string(14, 'x'), "made");
  ASSERT_EQ(header.entries.size(), 2u);
  EXPECT_EQ(header.entries[0].name, entries[0].name);
  EXPECT_EQ(header.entries[1].shape, std::vector<int64_t>{});
  EXPECT_EQ(header.metadata.at("seed"), "7");
  EXPECT_THROW(format_safetensors_header({{"\xff", "U8", {}, 0, 1}}, {}), UsageError);
}

TEST(SafetensorsHeader, BytesOfShapes) {
  EXPECT_EQ(safetensors_bytes(32, {3, 5}), 60u);
  EXPECT_EQ(safetensors_bytes(4, {3, 2}), 3u);
  EXPECT_EQ(safetensors_bytes(4, {3}), std::nullopt);
  EXPECT_EQ(safetensors_bytes(8, {int64_t{1} << 40, int64_t{1} << 40}), std::nullopt);
  EXPECT_EQ(safetensors_bytes(8, {0, int64_t{1} << 40, int64_t{1} << 40}), std::nullopt);
  EXPECT_EQ(safetensors_bits("F8_E4M3"), 8);
  EXPECT_EQ(safetensors_bits("F7"), std::nullopt);
}

struct BadHeader {
  const char* name;
  std::string bytes;
  const char* message;
};

std::string entry(const std::string& fields) {
  return "{\"a\":{" + fields + "}}";
}

std::vector<BadHeader> bad_files() {
  const std::string f32 = R"("dtype":"F32",)";
  std::vector<BadHeader> cases = {
      {"empty", "", "no safetensors file"},
      {"seven_bytes", "1234567", "no safetensors file"},
      {"length_past_end", file_of(kGood, 12, 100000), "does not fit"},
      {"length_2_63", file_of(kGood, 12, uint64_t{1} << 63), "over the limit"},
      {"length_max", file_of(kGood, 12, UINT64_MAX), "over the limit"},
      {"length_short", file_of(kGood, 12, 40), "not valid JSON"},
      {"length_zero", file_of("", 12), "does not start with {"},
      {"truncated_data", file_of(kGood, 11), "has only 11 bytes"},
      {"trailing_bytes", file_of(kGood, 13), "1 bytes belong to no tensor"},
      {"leading_space", file_of(" " + kGood, 12), "does not start with {"},
      {"json_list", file_of("[1]", 0), "does not start with {"},
      {"json_broken", file_of("{\"a\":", 0), "not valid JSON"},
      {"json_twice", file_of("{}{}", 0), "not valid JSON"},
      {"json_utf8", file_of("{\"\xff\":1}", 0), "not valid JSON"},
      {"entry_number", file_of(R"({"a":1})", 0), "a number"},
      {"entry_null", file_of(R"({"a":null})", 0), "null"},
      {"no_dtype", file_of(entry(R"("shape":[1],"data_offsets":[0,4])"), 4), "no \"dtype\""},
      {"no_offsets", file_of(entry(f32 + R"("shape":[1])"), 4), "no \"data_offsets\""},
      {"unknown_dtype", file_of(entry(R"("dtype":"F31","shape":[1],"data_offsets":[0,4])"), 4),
       "\"F31\" is unknown"},
      {"unknown_field", file_of(entry(f32 + R"("shape":[1],"data_offsets":[0,4],"x":"y")"), 4), "text"},
      {"field_twice", file_of(entry(f32 + f32 + R"("shape":[1],"data_offsets":[0,4])"), 4), "there twice"},
      {"name_twice",
       file_of(
           R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}})",
           2),
       "there twice"},
      {"metadata_twice", file_of(R"({"__metadata__":{"a":"1","a":"2"}})", 0), "there twice"},
      {"metadata_number", file_of(R"({"__metadata__":{"a":1}})", 0), "a number"},
      {"offsets_negative", file_of(entry(f32 + R"("shape":[1],"data_offsets":[-4,0])"), 4), "negative"},
      {"offsets_backwards", file_of(entry(f32 + R"("shape":[1],"data_offsets":[4,0])"), 4), "do not fit"},
      {"offsets_three", file_of(entry(f32 + R"("shape":[1],"data_offsets":[0,4,8])"), 4), "more than two"},
      {"offsets_one", file_of(entry(f32 + R"("shape":[1],"data_offsets":[4])"), 4), "two numbers"},
      {"offsets_fraction", file_of(entry(f32 + R"("shape":[1],"data_offsets":[0,4.0])"), 4), "fraction"},
      {"offsets_huge", file_of(entry(f32 + R"("shape":[1],"data_offsets":[18446744073709551612,0])"), 4),
       "do not fit"},
      {"offsets_past_2_64", file_of(entry(f32 + R"("shape":[1],"data_offsets":[0,18446744073709551620])"), 4),
       "fraction"},
      {"size_mismatch", file_of(entry(f32 + R"("shape":[2],"data_offsets":[0,4])"), 4),
       "do not fit the 8 bytes"},
      {"shape_negative", file_of(entry(f32 + R"("shape":[-1],"data_offsets":[0,4])"), 4), "negative"},
      {"shape_overflow", file_of(entry(f32 + R"("shape":[4294967296,4294967296],"data_offsets":[0,0])"), 0),
       "too many"},
      {"shape_2_63", file_of(entry(f32 + R"("shape":[9223372036854775808],"data_offsets":[0,0])"), 0),
       "2^63"},
      {"shape_object", file_of(entry(f32 + R"("shape":{},"data_offsets":[0,4])"), 4), "an object"},
      {"shape_nested", file_of(entry(f32 + R"("shape":[[1]],"data_offsets":[0,4])"), 4), "a list"},
      {"half_bytes", file_of(entry(R"("dtype":"F4","shape":[3],"data_offsets":[0,2])"), 2),
       "whole number of bytes"},
      {"overlap",
       file_of(
           R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[2,6]}})",
           6),
       "inside the data before it"},
      {"gap",
       file_of(
           R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[4,6]}})",
           6),
       "with a gap after"},
      {"first_gap", file_of(entry(f32 + R"("shape":[1],"data_offsets":[4,8])"), 8), "with a gap after"},
  };
  std::string rank = "\"shape\":[1";
  for (int i = 0; i < 64; ++i) rank += ",1";
  cases.push_back({"rank_65", file_of(entry(f32 + rank + R"(],"data_offsets":[0,4])"), 4), "more than 64"});
  cases.push_back({"deep", file_of("{\"a\":" + std::string(100000, '['), 0), "a list"});
  return cases;
}

TEST(SafetensorsHeader, LiesAreDataErrors) {
  for (const auto& bad : bad_files()) {
    SCOPED_TRACE(bad.name);
    try {
      parse_safetensors_header(bad.bytes, "bad.safetensors");
      ADD_FAILURE() << "was read";
    } catch (const DataError& e) {
      EXPECT_THAT(e.what(), HasSubstr(bad.message));
      EXPECT_EQ(e.file(), "bad.safetensors");
    }
  }
}

TEST(SafetensorsHeader, EveryTruncationIsADataError) {
  const std::string whole = file_of(kGood, 12);
  for (size_t n = 0; n < whole.size(); ++n)
    EXPECT_THROW(parse_safetensors_header(std::string_view(whole).substr(0, n), "cut"), DataError) << n;
}

TEST(SafetensorsHeader, SeedsForTheFuzzTarget) {
  const std::filesystem::path corpus =
      std::filesystem::path(CONCLAVE_BINARY_DIR) / "corpus/safetensors_header";
  write_file(corpus / "good", file_of(kGood, 12));
  for (const auto& bad : bad_files()) write_file(corpus / bad.name, bad.bytes);
  EXPECT_EQ(read_file(corpus / "good"), file_of(kGood, 12));
}

}  // namespace
}  // namespace conclave
