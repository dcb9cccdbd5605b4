// Pickles as torch.save writes them, and pickles that want more than to be read. The cases also become the
// fuzz target's seeds.
#include "framework/base/pickle.h"

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

const std::string kTensor = tensor_op("FloatStorage", "0", 12, 2, {2, 3}, {1, 2});
const std::string kGoodPickle = pickle(
    dict_op({{"state_dict", name_op("collections", "OrderedDict") + ")R(" + text_op("a.weight") + kTensor +
                                "u" + dict_op({{"_metadata", "N"}}) + "b"},
             {"kwargs", dict_op({{"rates", "](" + int_op(2) + int_op(-4) + "e"}, {"dropout", "\x88"}})},
             {"scale", std::string("G\x3f\xe0\0\0\0\0\0\0", 9)},
             {"large", std::string("\x8a\x05\0\0\0\0\xff", 7)},
             {"again", "]" + text_op("b") + "q\x05" + "ah\x05" + "a"}}));

TEST(Pickle, TensorsAndPlainValues) {
  const auto data = read_pickle(kGoodPickle, "good");
  ASSERT_EQ(data.tensors.size(), 1u);
  const auto& t = data.tensors[0];
  EXPECT_EQ(t.name, "state_dict.a.weight");
  EXPECT_EQ(t.storage, "0");
  EXPECT_EQ(t.dtype, "F32");
  EXPECT_EQ(t.storage_size, 12);
  EXPECT_EQ(t.offset, 2);
  EXPECT_EQ(t.shape, (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(t.stride, (std::vector<int64_t>{1, 2}));
  EXPECT_EQ(
      data.values.dump(),
      R"({"kwargs":{"rates":[2,-4],"dropout":true},"scale":0.5,"large":-4294967296,"again":["b","b"]})");
}

struct BadPickle {
  const char* name;
  std::string bytes;
  const char* what;
};

std::vector<BadPickle> bad_pickles() {
  const auto tensor = [](int64_t offset, const std::vector<int64_t>& shape,
                         const std::vector<int64_t>& stride) {
    return pickle(tensor_op("FloatStorage", "0", 4, offset, shape, stride));
  };
  std::string doubled = "]q\x01";  // a list of two of the list before it, and so on
  for (char i = 1; i < 60; ++i) doubled += std::string("](h") + i + "h" + i + "eq" + static_cast<char>(i + 1);
  return {
      {"system", pickle(name_op("os", "system") + text_op("true") + "\x85R"),
       "holds os.system, which is not read"},
      {"eval", pickle(text_op("builtins") + text_op("eval") + "\x93"), "holds builtins.eval"},
      {"object", pickle(name_op("collections", "OrderedDict") + ")\x81"), "has opcode 0x81"},
      {"call", pickle(name_op("torch", "FloatStorage") + ")R"), "calls torch.FloatStorage"},
      {"reach", tensor(2, {3}, {1}), "reaches beyond its storage"},
      {"negative", tensor(-1, {2}, {1}), "reaches beyond its storage"},
      {"backwards", tensor(3, {2}, {-1}), "reaches beyond its storage"},
      {"overflow", tensor(0, {2, 1 << 30, 1 << 30, 1 << 30}, {1, 1 << 30, 1 << 30, 1 << 30}),
       "reaches beyond"},
      {"expanded", tensor(0, {1 << 30, 1 << 30}, {0, 0}), "reaches beyond its storage"},
      {"cut", kGoodPickle.substr(0, 60), "ends in the middle"},
      {"no_stop", "\x80\x02", "ends in the middle"},
      {"empty_stack", pickle(""), "takes a value where there is none"},
      {"no_mark", pickle("t"), "has no mark"},
      {"unknown_memo", pickle("h\x07"), "recalls what was never remembered"},
      {"knot",
       pickle("]q\x01h\x01"
              "a"),
       "nests containers too deep"},
      {"doubling", pickle(doubled), "nests containers too deep"},
      {"twice", pickle(dict_op({{"a", kTensor}, {"a", kTensor}})), "has two tensors \"a\""},
      {"float_key", pickle(std::string("}G\0\0\0\0\0\0\0\0Ns", 12)), "neither a string nor a whole number"},
      {"bytes", pickle(text_op("\xff\xfe")), "is no UTF-8"},
      {"long", pickle(std::string("\x8a\x09") + std::string(9, '\1')), "more than 64 bits"},
      {"huge_text", std::string("\x80\x02X\xff\xff\xff\x7f", 7), "ends in the middle"},
      {"protocol", std::string("\x80\x09."), "protocol 9"},
  };
}

TEST(Pickle, NothingElseIsRead) {
  for (const auto& bad : bad_pickles()) {
    SCOPED_TRACE(bad.name);
    try {
      read_pickle(bad.bytes, "bad.pth");
      ADD_FAILURE() << "was read";
    } catch (const DataError& e) {
      EXPECT_THAT(e.what(), HasSubstr(bad.what));
      EXPECT_THAT(e.what(), HasSubstr("bad.pth"));
    }
  }
}

TEST(Pickle, SeedsForTheFuzzTarget) {
  const auto corpus = std::filesystem::path(CONCLAVE_BINARY_DIR) / "corpus/pickle";
  write_file(corpus / "good", kGoodPickle);
  for (const auto& bad : bad_pickles()) write_file(corpus / bad.name, bad.bytes);
  EXPECT_EQ(read_file(corpus / "good"), kGoodPickle);
}

}  // namespace
}  // namespace conclave
