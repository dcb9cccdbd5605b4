#include "framework/text/pre_tokenizer.h"

#include <gtest/gtest.h>

#include "framework/base/error.h"
#include "framework/base/json.h"
#include "framework/text/byte_alphabet.h"
#include "framework/text/utf8.h"

namespace conclave {
namespace {

// data/splits.json was made with the Python package tokenizers 0.23.3.
TEST(PreTokenizer, EverySplitBehaviorIsThatOfTokenizers) {
  const std::map<std::string, SplitStep::Behavior> behaviors = {
      {"Removed", SplitStep::Behavior::kRemoved},
      {"Isolated", SplitStep::Behavior::kIsolated},
      {"MergedWithPrevious", SplitStep::Behavior::kMergedWithPrevious},
      {"MergedWithNext", SplitStep::Behavior::kMergedWithNext},
      {"Contiguous", SplitStep::Behavior::kContiguous}};
  const auto cases = read_json(std::string(CONCLAVE_SOURCE_DIR) + "/tests/text/data/splits.json");
  ASSERT_GT(cases.size(), 200u);
  for (const auto& c : cases) {
    SplitStep step;
    step.kind = c.at("regex") ? SplitStep::Kind::kSplitRegex : SplitStep::Kind::kSplitString;
    step.pattern = c.at("pattern");
    step.behavior = behaviors.at(c.at("behavior"));
    step.invert = c.at("invert");
    EXPECT_EQ(PreTokenizer({step}).split(c.at("text").get<std::string>()),
              c.at("pieces").get<std::vector<std::string>>())
        << c.dump();
  }
}

TEST(PreTokenizer, BrokenUtf8KeepsItsBytesAndItsNeighbours) {
  SplitStep step;
  step.use_regex = true;
  const std::vector<std::string> pieces = {"ab", "\xff\xc3", " cd", "\xe2\x82"};
  EXPECT_EQ(PreTokenizer({step}).split("ab\xff\xc3 cd\xe2\x82"), pieces);
}

TEST(Regex, ABadPatternShowsItselfAndTheOffset) {
  try {
    Regex("ab(");
    FAIL();
  } catch (const UsageError& e) {
    EXPECT_NE(std::string(e.what()).find("'ab(': at offset 3"), std::string::npos) << e.what();
  }
}

TEST(Regex, ManyMatchesWithABacktrackingTailStayLinear) {
  const std::string spaces(200000, ' ');
  EXPECT_EQ(Regex(R"(\s+(?!\S)|\s+)").find_all(spaces + "x").size(), 2u);
}

TEST(Utf8, BrokenSequencesAreReplacedOneByOne) {
  const std::string r = "\xef\xbf\xbd";
  EXPECT_EQ(replace_broken_utf8("a\xc3\xa9z"), "a\xc3\xa9z");
  EXPECT_EQ(replace_broken_utf8("\xf0\x9f\x99z"), r + "z");           // one cut sequence, one replacement
  EXPECT_EQ(replace_broken_utf8("\xc0\xaf"), r + r);                  // overlong
  EXPECT_EQ(replace_broken_utf8("\xed\xa0\x80"), r + r + r);          // surrogate
  EXPECT_EQ(replace_broken_utf8("\xf4\x90\x80\x80"), r + r + r + r);  // above U+10FFFF
  EXPECT_EQ(replace_broken_utf8("\x80"), r);
}

TEST(Utf8, NormalFormsKeepBrokenBytes) {
  EXPECT_EQ(normalize_unicode("e\xcc\x81\xff\xef\xac\x81", UnicodeForm::kNfc), "\xc3\xa9\xff\xef\xac\x81");
  EXPECT_EQ(normalize_unicode("\xef\xac\x81", UnicodeForm::kNfkc), "fi");
  EXPECT_EQ(normalize_unicode("\xc3\xa9", UnicodeForm::kNfd), "e\xcc\x81");
}

TEST(ByteAlphabet, EveryByteHasItsOwnCharacter) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  EXPECT_EQ(from_byte_alphabet(to_byte_alphabet(all)), all);
  EXPECT_EQ(to_byte_alphabet(" \n"), "ĠĊ");  // as GPT-2's files show them
  EXPECT_FALSE(from_byte_alphabet("左").has_value());
  EXPECT_FALSE(from_byte_alphabet("a b").has_value());
}

}  // namespace
}  // namespace conclave
