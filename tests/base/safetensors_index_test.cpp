#include "framework/base/safetensors_index.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "framework/base/error.h"

namespace conclave {
namespace {

TEST(SafetensorsIndex, NamesByFile) {
  const auto index = parse_safetensors_index(
      R"({"metadata": {"total_size": 8}, "weight_map": {"b": "two.safetensors", "a": "one.safetensors",
          "c": "one.safetensors"}})",
      "index");
  EXPECT_EQ(index, (SafetensorsIndex{{"one.safetensors", {"a", "c"}}, {"two.safetensors", {"b"}}}));
}

TEST(SafetensorsIndex, BadOnesAreDataErrors) {
  for (const char* text : {"", "[]", "{}", R"({"weight_map": []})", R"({"weight_map": {"a": 3}})",
                           R"({"weight_map": {"a": "../x"}})", R"({"weight_map": {"a": "/x"}})",
                           R"({"weight_map": {"a": ".."}})", R"({"weight_map": {"a": ""}})",
                           R"({"weight_map": {"a": 99e929}})", R"({"weight_map": {"a": "b")"}) {
    EXPECT_THROW(parse_safetensors_index(text, "index"), DataError) << text;
  }
}

}  // namespace
}  // namespace conclave
