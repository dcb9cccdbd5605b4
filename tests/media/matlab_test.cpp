#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include "framework/base/error.h"
#include "framework/media/matlab_file.h"
#include "testing/matlab_bytes.h"

namespace conclave {
namespace {

using testing::matlab_word;
const auto element = testing::matlab_element;
const auto header = testing::matlab_header;
const auto matrix = testing::matlab_matrix;
const auto doubles = testing::matlab_doubles;

std::string packed(const std::string& inner) {
  std::string out(compressBound(inner.size()), '\0');
  uLongf size = out.size();
  compress(reinterpret_cast<Bytef*>(out.data()), &size, reinterpret_cast<const Bytef*>(inner.data()),
           inner.size());
  out.resize(size);
  return matlab_word(15) + matlab_word(static_cast<uint32_t>(size)) + out;
}

void expect_fault(const std::string& file, const std::string& part, uint64_t limit = 1 << 20) {
  try {
    read_matlab(file, "x.mat", limit);
    ADD_FAILURE() << "no error: " << part;
  } catch (const DataError& e) {
    EXPECT_THAT(e.what(), ::testing::HasSubstr(part));
  }
}

TEST(Matlab, NumbersCellsAndPackedVariables) {
  const std::string small =
      matlab_word(3u << 16 | 2) + std::string("\x07\x08\x09\x00", 4);  // three bytes within the tag
  const std::string cell =
      matrix(1, {1, 2}, "pair", matrix(6, {2, 1}, "", doubles({1.5, -2})) + matrix(9, {1, 3}, "", small));
  const auto found = read_matlab(header() + matrix(6, {1, 2}, "a", doubles({3, 4})) + packed(cell), "x.mat");
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].name, "a");
  EXPECT_EQ(found[0].numbers, (std::vector<double>{3, 4}));
  EXPECT_EQ(found[1].name, "pair");
  ASSERT_EQ(found[1].cells.size(), 2u);
  EXPECT_EQ(found[1].cells[0].shape, (std::vector<int64_t>{2, 1}));
  EXPECT_EQ(found[1].cells[0].numbers, (std::vector<double>{1.5, -2}));
  EXPECT_EQ(found[1].cells[1].numbers, (std::vector<double>{7, 8, 9}));
}

TEST(Matlab, BadBytesAreNamed) {
  const std::string body = matrix(6, {1, 2}, "a", doubles({3, 4}));
  const std::string good = header() + body;
  EXPECT_TRUE(read_matlab(good.substr(0, 128), "x").empty());
  for (size_t cut = 0; cut < 128; ++cut)
    EXPECT_THROW(read_matlab(good.substr(0, cut), "x"), DataError) << cut;
  for (size_t cut = 129; cut < good.size(); ++cut)
    EXPECT_THROW(read_matlab(good.substr(0, cut), "x"), DataError) << cut;
  expect_fault("short", "header is cut off");
  expect_fault(std::string(200, 'x'), "no MATLAB level 5 file");
  expect_fault("MATLAB 7.3" + std::string(200, ' '), "7.3");
  expect_fault(header() + element(9, "12345678"), "type 9");
  expect_fault(header() + matrix(6, {1u << 30, 1u << 30}, "a", doubles({1})), "numbers of 8 bytes");
  expect_fault(header() + matrix(6, {1u << 31, 2}, "a", doubles({1})), "a dimension of -2147483648");
  expect_fault(header() + matrix(1, {1000000, 1}, "a", ""), "cells do not fit");
  expect_fault(header() + matrix(2, {1, 1}, "a", ""), "class 2");
  expect_fault(header() + packed(body).substr(0, 30), "where");
  expect_fault(header() + matlab_word(15) + matlab_word(8) + "notzlib!", "damaged");
  expect_fault(header() + packed(matrix(6, {1, 100000}, "a", doubles(std::vector<double>(100000)))),
               "too large", 1 << 16);
  expect_fault(header() + matrix(6, {1, 100}, "a", doubles(std::vector<double>(100))), "more bytes of memory",
               64);
  std::string deep = matrix(6, {1, 1}, "", doubles({1}));
  for (int i = 0; i < 8; ++i) deep = matrix(1, {1, 1}, "", deep);
  expect_fault(header() + deep, "too deep");
}

}  // namespace
}  // namespace conclave
