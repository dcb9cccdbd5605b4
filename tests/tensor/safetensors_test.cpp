#include "framework/tensor/safetensors.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "framework/base/error.h"
#include "framework/base/file.h"
#include "framework/base/json.h"
#include "framework/tensor/safetensors_dtype.h"
#include "testing/testing.h"

namespace conclave {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using testing::error_of;
using ::testing::HasSubstr;
using testing::TempDir;

bool same_bytes(const Tensor& a, const Tensor& b) {
  return a.scalar_type() == b.scalar_type() && a.sizes() == b.sizes() &&
         (a.numel() == 0 || std::memcmp(a.const_data_ptr(), b.const_data_ptr(), a.nbytes()) == 0);
}

TEST(Safetensors, KnownBytes) {
  TempDir folder;
  const std::string json = R"({"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})";
  std::string bytes(8, '\0');
  bytes[0] = static_cast<char>(json.size());
  bytes += json;
  bytes += std::string("\x00\x00\x80\x3f\x00\x00\x20\xc1", 8);  // 1 and -10, little-endian
  write_file(folder / "x.safetensors", bytes);
  const Tensor x = Safetensors(folder / "x.safetensors").tensor("x");
  EXPECT_EQ(x[0].item<float>(), 1);
  EXPECT_EQ(x[1].item<float>(), -10);
}

TEST(Safetensors, EveryDtypeComesBackBitForBit) {
  TempDir folder;
  TensorList written;
  for (const char* name : {"F64", "F32", "F16", "BF16", "F8_E4M3", "F8_E5M2", "F8_E8M0", "I64", "I32", "I16",
                           "I8", "U64", "U32", "U16", "U8", "BOOL", "C64"}) {
    const auto dtype = dtype_of_safetensors(name);
    ASSERT_TRUE(dtype) << name;
    const int64_t size = c10::elementSize(*dtype);
    const Tensor bytes = *dtype == at::kBool ? at::randint(0, 2, {3, 5}, at::kByte)
                                             : at::randint(0, 256, {3, 5 * size}, at::kByte);
    written.emplace_back(name, bytes.view(*dtype));
  }
  written.emplace_back("scalar", at::scalar_tensor(2.5));
  written.emplace_back("empty", at::empty({0, 4}));
  written.emplace_back("turned", at::randn({4, 3}).t());
  save_safetensors(folder / "all.safetensors", written, {{"k", "v"}});

  const Safetensors read(folder / "all.safetensors");
  EXPECT_EQ(read.names().size(), written.size());
  EXPECT_EQ(read.metadata().at("k"), "v");
  for (const auto& [name, tensor] : written)
    EXPECT_TRUE(same_bytes(read.tensor(name), tensor.contiguous())) << name;
}

TEST(Safetensors, PackedFloatsAreNamedNotGuessed) {
  TempDir folder;
  const std::string header = format_safetensors_header({{"q", "F4", {4}, 0, 2}}, {});
  write_file(folder / "q.safetensors", header + "ab");
  const Safetensors file(folder / "q.safetensors");
  EXPECT_EQ(file.shape("q"), std::vector<int64_t>{4});
  EXPECT_THAT(error_of([&] { file.tensor("q"); }), HasSubstr("dtype F4"));
}

TEST(Safetensors, TensorsShareTheMappingAndOutliveTheReader) {
  TempDir folder;
  const fs::path path = folder / "x.safetensors";
  save_safetensors(path, {{"x", at::arange(6, at::kFloat)}});
  Tensor x, again;
  {
    const Safetensors file(path);
    x = file.tensor("x");
    again = file.tensor("x");
  }
  EXPECT_EQ(x.const_data_ptr(), again.const_data_ptr());
  x.fill_(7);  // this process's pages alone
  EXPECT_EQ(again[5].item<float>(), 7);
  EXPECT_EQ(Safetensors(path).tensor("x")[5].item<float>(), 5);
}

TEST(Safetensors, MisalignedDataIsCopied) {
  TempDir folder;
  for (int pad = 0; pad < 4; ++pad) {
    const std::string json =
        R"({"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},"x":{"dtype":"F32","shape":[2],"data_offsets":[3,11]}})" +
        std::string(pad, ' ');
    std::string bytes(8, '\0');
    bytes[0] = static_cast<char>(json.size());
    const float values[] = {1.5f, -2.0f};
    bytes += json + "abc" + std::string(reinterpret_cast<const char*>(values), 8);
    write_file(folder / "x.safetensors", bytes);
    const Tensor x = Safetensors(folder / "x.safetensors").tensor("x");
    EXPECT_EQ(reinterpret_cast<uintptr_t>(x.const_data_ptr()) % 4, 0u);
    EXPECT_EQ(x[0].item<float>(), 1.5f);
    EXPECT_EQ(x[1].item<float>(), -2.0f);
  }
}

TEST(Safetensors, SameTensorsSameBytes) {
  TempDir folder;
  const TensorList tensors = {{"b", at::arange(3, at::kInt)}, {"a", at::ones({2, 2}, at::kHalf)}};
  save_safetensors(folder / "1.safetensors", tensors, {{"x", "1"}, {"a", "2"}});
  save_safetensors(folder / "2.safetensors", tensors, {{"a", "2"}, {"x", "1"}});
  EXPECT_EQ(read_file(folder / "1.safetensors"), read_file(folder / "2.safetensors"));
}

TEST(Safetensors, WriterRefusesWhatCannotBeRead) {
  TempDir folder;
  const Tensor x = at::ones({1});
  EXPECT_THROW(save_safetensors(folder / "x", {{"a", x}, {"a", x}}), UsageError);
  EXPECT_THROW(save_safetensors(folder / "x", {{"__metadata__", x}}), UsageError);
  EXPECT_THROW(save_safetensors(folder / "x", {{"a", Tensor()}}), UsageError);
  EXPECT_THROW(save_safetensors(folder / "x", {{"a", x.to(at::kComplexDouble)}}), UsageError);
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

TEST(Safetensors, MissingFilesAndNamesAreNamed) {
  TempDir folder;
  EXPECT_THAT(error_of([&] { Safetensors(folder / "no.safetensors"); }), HasSubstr("no.safetensors"));
  EXPECT_THAT(error_of([&] { Safetensors{folder.path()}; }), HasSubstr("holds neither"));
  save_safetensors(folder / "model.safetensors", {{"a", at::ones({1})}});
  EXPECT_THAT(error_of([&] { Safetensors(folder.path()).tensor("b"); }), HasSubstr("no tensor \"b\""));
}

TensorList many() {
  TensorList list;
  for (int i = 0; i < 10; ++i) list.emplace_back("t" + std::to_string(i), at::full({25}, i, at::kFloat));
  return list;
}

TEST(ShardedSafetensors, RoundTrip) {
  TempDir folder;
  save_safetensors_sharded(folder.path(), many(), 300, {{"format", "pt"}});
  for (int i = 1; i <= 4; ++i)
    EXPECT_TRUE(fs::exists(folder / ("model-0000" + std::to_string(i) + "-of-00004.safetensors"))) << i;
  const Json index = read_json(folder / "model.safetensors.index.json");
  EXPECT_EQ(index["metadata"]["total_size"], 1000);
  EXPECT_EQ(index["weight_map"]["t9"], "model-00004-of-00004.safetensors");
  const Safetensors read(folder.path());
  for (const auto& [name, tensor] : many()) EXPECT_TRUE(same_bytes(read.tensor(name), tensor)) << name;

  save_safetensors_sharded(folder.path(), many(), 1 << 20);  // now one file; the index must not win
  EXPECT_FALSE(fs::exists(folder / "model.safetensors.index.json"));
  EXPECT_EQ(Safetensors(folder.path()).names().size(), 10u);
}

TEST(ShardedSafetensors, OneTensorOverTheLimitGetsItsOwnShard) {
  TempDir folder;
  save_safetensors_sharded(folder.path(), {{"a", at::ones({100})}, {"b", at::ones({1})}}, 8);
  EXPECT_THAT(Safetensors(folder.path()).names(), ElementsAre("a", "b"));
}

TEST(ShardedSafetensors, ShardNamesMayNotLeaveTheFolder) {
  TempDir folder;
  save_safetensors(folder / "outside.safetensors", {{"a", at::ones({1})}});
  for (const std::string shard :
       {"../outside.safetensors", "/etc/passwd", "..", "", "sub/x.safetensors", "a\\b"}) {
    const Json index = {{"weight_map", {{"a", shard}}}};
    write_file(folder / "in/model.safetensors.index.json", index.dump());
    EXPECT_THAT(error_of([&] { Safetensors(folder / "in"); }), HasSubstr("file name in the same folder"))
        << shard;
  }
}

TEST(ShardedSafetensors, IndexAndShardsMustAgree) {
  TempDir folder;
  save_safetensors(folder / "one.safetensors", {{"a", at::ones({1})}, {"b", at::ones({1})}});
  save_safetensors(folder / "two.safetensors", {{"b", at::ones({1})}});
  const auto opened = [&](const Json& map) {
    write_file(folder / "model.safetensors.index.json", Json{{"weight_map", map}}.dump());
    return error_of([&] { Safetensors{folder.path()}; });
  };
  EXPECT_EQ(opened({{"a", "one.safetensors"}, {"b", "one.safetensors"}}), "no error");
  EXPECT_THAT(opened({{"a", "one.safetensors"}, {"c", "one.safetensors"}}),
              ::testing::AllOf(HasSubstr("\"c\" is not in one"), HasSubstr("\"b\" is in one")));
  EXPECT_THAT(opened({{"a", "one.safetensors"}, {"b", "two.safetensors"}}),
              HasSubstr("in another shard too"));
  EXPECT_THAT(opened({{"a", 3}}), HasSubstr("file name in the same folder"));
  EXPECT_THAT(opened({{"a", "three.safetensors"}}), HasSubstr("three.safetensors"));
  EXPECT_THAT(opened("x"), HasSubstr("weight_map"));
}

TEST(ShardedSafetensors, ReadsAPublishedLayout) {
  CONCLAVE_NEED_DATA("parity/deepseek-v3/model.safetensors.index.json");
  const fs::path folder = *testing::data_dir() / "parity/deepseek-v3";
  const Safetensors file(folder);
  const Json index = read_json(folder / "model.safetensors.index.json");
  EXPECT_EQ(file.names().size(), index["weight_map"].size());
  int64_t bytes = 0;
  for (const auto& name : file.names()) {
    const Tensor t = file.tensor(name);
    EXPECT_TRUE(at::isfinite(t).all().item<bool>()) << name;
    bytes += static_cast<int64_t>(t.nbytes());
  }
  EXPECT_EQ(bytes, index["metadata"]["total_size"].get<int64_t>());
}

}  // namespace
}  // namespace conclave
