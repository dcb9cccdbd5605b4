#include "models/checkpoint/stop_texts.h"

#include <gtest/gtest.h>

#include "framework/base/error.h"

namespace conclave {
namespace {

/// What is shown of a text that comes letter by letter.
std::string shown(const std::string& text, std::vector<std::string> stops) {
  StopTexts watch(std::move(stops));
  std::string all;
  for (const char c : text) all += watch.push(std::string(1, c));
  if (!watch.found()) all += watch.finish();
  return all;
}

TEST(StopTexts, CutAtTheFirstThatComes) {
  EXPECT_EQ(shown("one two three", {"thr", "two"}), "one ");
  EXPECT_EQ(shown("aaab", {"aab"}), "a");
  EXPECT_EQ(shown("one", {}), "one");
}

TEST(StopTexts, ABeginningThatGoesOnOtherwiseIsShown) {
  EXPECT_EQ(shown("a\n\nUse", {"\n\nUser"}), "a\n\nUse");
  EXPECT_EQ(shown("a\n\nUsa b", {"\n\nUser"}), "a\n\nUsa b");
}

TEST(StopTexts, NothingThatMayBeginAStopIsShownEarly) {
  StopTexts watch({"END"});
  EXPECT_EQ(watch.push("xE"), "x");
  EXPECT_EQ(watch.push("NE"), "EN");
  EXPECT_EQ(watch.push("NDy"), "");
  EXPECT_TRUE(watch.found());
  EXPECT_EQ(watch.push("more"), "");
}

TEST(StopTexts, AnEmptyOneIsRefused) {
  EXPECT_THROW(StopTexts({""}), UsageError);
}

}  // namespace
}  // namespace conclave
