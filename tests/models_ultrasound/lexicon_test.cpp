#include "models/ultrasound/rules/lexicon.h"

#include <gtest/gtest.h>

#include <set>

#include "framework/base/error.h"

namespace conclave::ultrasound {
namespace {

TEST(Lexicon, EveryRowIsWholeAndNamesItsValuesOnce) {
  std::set<std::pair<std::string, std::string>> fields;
  for (const auto& row : lexicon()) {
    EXPECT_TRUE(fields.emplace(row.organ, row.field.code).second) << row.organ << " " << row.field.code;
    EXPECT_FALSE(row.field.english.empty() || row.field.chinese.empty());
    EXPECT_GE(row.values.size(), 2u);
    std::set<std::string> codes, english, chinese;
    for (const auto& value : row.values) {
      EXPECT_EQ(check_value(row.organ, row.field.code, value.code), std::vector{value.code});
      codes.insert(value.code), english.insert(value.english), chinese.insert(value.chinese);
      EXPECT_EQ(value.code.find('+'), std::string::npos);
    }
    for (const auto& words : {codes, english, chinese})
      EXPECT_EQ(words.size(), row.values.size()) << row.field.code;
  }
}

TEST(Lexicon, EveryOrganHasAKindOfFinding) {
  for (const auto& row : lexicon()) EXPECT_FALSE(finding_kind(row.organ).empty()) << row.organ;
  EXPECT_THROW(finding_kind("knee"), UsageError);
}

TEST(Lexicon, SeveralValuesOnlyWhereTheyMayBeJoined) {
  const std::vector<std::string> both = {"macrocalcification", "punctate"};
  EXPECT_EQ(check_value("thyroid", "echogenic_foci", "macrocalcification+punctate"), both);
  EXPECT_THROW(check_value("breast", "margin", "angular+spiculated"), UsageError);
  EXPECT_THROW(check_value("breast", "margin", "fuzzy"), UsageError);
  EXPECT_THROW(check_value("breast", "margin", ""), UsageError);
  EXPECT_THROW(check_value("thyroid", "echogenic_foci", "punctate+"), UsageError);
  EXPECT_THROW(check_value("lung", "margin", "smooth"), UsageError);
}

TEST(Lexicon, WordsInTwoLanguages) {
  EXPECT_EQ(words_of(find_field("breast", "side")->values[0], "zh"), "左侧");
  EXPECT_THROW(words_of(find_field("breast", "side")->values[0], "de"), UsageError);
}

}  // namespace
}  // namespace conclave::ultrasound
