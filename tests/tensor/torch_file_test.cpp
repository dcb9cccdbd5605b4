// Archives of torch.save: what is read, what is refused.
#include "framework/tensor/torch_file.h"

#include <ATen/ATen.h>
#include <caffe2/serialize/inline_container.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "framework/base/error.h"
#include "framework/base/file.h"
#include "testing/pickle_bytes.h"
#include "testing/testing.h"

namespace conclave {
namespace {

using namespace testing;
using ::testing::HasSubstr;

std::filesystem::path archive(const std::filesystem::path& file, const std::string& data,
                              const std::map<std::string, std::string>& records, bool compressed = false) {
  caffe2::serialize::PyTorchStreamWriter writer(file.string());
  writer.writeRecord("data.pkl", data.data(), data.size());
  for (const auto& [name, bytes] : records) writer.writeRecord(name, bytes.data(), bytes.size(), compressed);
  writer.writeEndOfFile();
  return file;
}

std::string floats(const std::vector<float>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)};
}

std::string error_of(const std::function<void()>& f) {
  try {
    f();
  } catch (const DataError& e) {
    return e.what();
  }
  return "no error";
}

TEST(TorchFile, TensorsWithTheirStrides) {
  const TempDir dir;
  std::vector<float> values(10);
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i);
  const std::string half = {'\0', '\x3c', '\0', '\x40'};  // 1 and 2
  const auto file = archive(
      dir / "weights.pth",
      pickle(
          dict_op({{"state_dict", dict_op({{"w", tensor_op("FloatStorage", "0", 10, 1, {2, 3}, {1, 2})},
                                           {"tied", tensor_op("FloatStorage", "0", 10, 8, {2}, {1})},
                                           {"h", tensor_op("HalfStorage", "1", 2, 0, {2}, {1})},
                                           {"scalar", tensor_op("HalfStorage", "1", 2, 1, {}, {})},
                                           {"none", tensor_op("HalfStorage", "2", 0, 0, {0, 4}, {4, 1})}})},
                   {"rates", "](" + int_op(2) + int_op(4) + "e"}})),
      {{"data/0", floats(values)}, {"data/1", half}, {"data/2", ""}});
  const TorchFile read(file);
  EXPECT_EQ(read.names(), (std::vector<std::string>{"h", "none", "scalar", "tied", "w"}));
  EXPECT_TRUE(at::equal(read.tensor("w"), at::tensor({1.F, 3.F, 5.F, 2.F, 4.F, 6.F}).view({2, 3})));
  EXPECT_TRUE(read.tensor("w").is_contiguous());
  EXPECT_TRUE(at::equal(read.tensor("tied"), at::tensor({8.F, 9.F})));
  EXPECT_EQ(read.tensor("h").scalar_type(), at::kHalf);
  EXPECT_EQ(read.tensor("scalar").item<float>(), 2);
  EXPECT_EQ(read.tensor("none").sizes(), (at::IntArrayRef{0, 4}));
  EXPECT_EQ(read.shape("w"), (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(read.values(), Json({{"rates", {2, 4}}}));
  EXPECT_THAT(error_of([&] { read.tensor("x"); }), HasSubstr("has no tensor \"x\""));
}

TEST(TorchFile, DamagedAndHostileFiles) {
  const TempDir dir;
  const auto good = pickle(dict_op({{"w", tensor_op("FloatStorage", "0", 4, 0, {4}, {1})}}));
  const auto error_for = [&](const std::string& data, const std::map<std::string, std::string>& records,
                             bool compressed = false) {
    return error_of([&] { TorchFile(archive(dir / "bad.pth", data, records, compressed)); });
  };
  EXPECT_EQ(error_for(good, {{"data/0", floats({1, 2, 3, 4})}}), "no error");
  EXPECT_THAT(error_for(good, {{"data/0", floats({1, 2})}}), HasSubstr("4 elements in 8 bytes"));
  EXPECT_THAT(error_for(good, {}), HasSubstr("data/0: is not in the archive"));
  EXPECT_THAT(error_for(good, {{"data/0", std::string(16, 'x')}}, true), HasSubstr("is compressed"));
  EXPECT_THAT(error_for(good, {{"data/0", floats({1, 2, 3, 4})}, {"byteorder", "big"}}),
              HasSubstr("must be little"));
  EXPECT_THAT(error_for(pickle(name_op("os", "system") + text_op("touch x") + "\x85R"), {}),
              HasSubstr("holds os.system, which is not read"));
  // Cut anywhere, it is an error, never a crash.
  const auto whole = read_file(archive(dir / "whole.pth", good, {{"data/0", floats({1, 2, 3, 4})}}));
  for (size_t length = 0; length < whole.size(); length += 37) {
    write_file(dir / "cut.pth", whole.substr(0, length));
    EXPECT_NE(error_of([&] { TorchFile(dir / "cut.pth"); }), "no error") << length;
  }
  write_file(dir / "old.pth", "\x80\x02\x8a\x0al\xfc\x9c");
  EXPECT_THAT(error_of([&] { TorchFile(dir / "old.pth"); }), HasSubstr("before torch 1.6"));
}

}  // namespace
}  // namespace conclave
