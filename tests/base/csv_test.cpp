#include "framework/base/csv.h"

#include <gtest/gtest.h>

#include "framework/base/error.h"

namespace conclave {
namespace {

using Cells = std::vector<std::string>;

TEST(Csv, ReadsQuotesAndLineEnds) {
  const auto rows = read_csv(
      "\xef\xbb\xbf"
      "a,b\r\n\"1, \"\"2\"\"\n3\",\n\n4,5",
      "t.csv");
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0].cells, (Cells{"a", "b"}));
  EXPECT_EQ(rows[1].cells, (Cells{"1, \"2\"\n3", ""}));
  EXPECT_EQ(rows[2].cells, (Cells{"4", "5"}));
  EXPECT_EQ(rows[2].line, 5);
}

TEST(Csv, TakesOtherSeparators) {
  EXPECT_EQ(read_csv("a;b,c\n1;2", "t")[0].cells, (Cells{"a;b", "c"}));
  EXPECT_EQ(read_csv("a;b\n1,5;2", "t")[1].cells, (Cells{"1,5", "2"}));
  EXPECT_EQ(read_csv("a\tb", "t")[0].cells, (Cells{"a", "b"}));
}

TEST(Csv, NothingAndOpenQuotes) {
  EXPECT_TRUE(read_csv("", "t").empty());
  EXPECT_TRUE(read_csv("\n\n", "t").empty());
  EXPECT_THROW(read_csv("a\n\"b\n", "t"), DataError);
}

}  // namespace
}  // namespace conclave
