#include "framework/text/spoken_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "framework/base/error.h"

namespace conclave {
namespace {

std::string said(const std::string& text, int longest = 100) {
  std::string all;
  for (const auto& window : spoken_windows(text, longest)) {
    if (!all.empty()) all += " | ";
    for (size_t i = 0; i < window.words.size(); ++i) all += (i ? " " : "") + window.words[i];
  }
  return all;
}

TEST(SpokenText, NumbersAsWords) {
  EXPECT_EQ(said("0 7 13 20 21 100 115 1000"),
            "zero seven thirteen twenty twenty one one hundred one hundred fifteen one thousand");
  EXPECT_EQ(said("12,345,678"), "twelve million three hundred forty five thousand six hundred seventy eight");
  EXPECT_EQ(said("1000000"), "one million");
  EXPECT_EQ(said("3.14 007"), "three point one four zero zero seven");
  EXPECT_EQ(said("1st 2nd 3rd 12th 20th 45th"), "first second third twelfth twentieth forty fifth");
  EXPECT_EQ(said("$1 $25 50% 10:30"), "one dollar twenty five dollars fifty percent ten thirty");
  EXPECT_EQ(said("10:05 9:00 7:45, 3:1"), "ten oh five nine o'clock seven forty five | three | one");
  EXPECT_EQ(said("1234567890123"), "one two three four five six seven eight nine zero one two three");
}

TEST(SpokenText, AbbreviationsSignsAndSpelling) {
  EXPECT_EQ(said("Mr. Smith & Dr. Who, e.g. here"), "mister smith and doctor who | for example here");
  EXPECT_EQ(said("The USB port's C++ don't"), "the u s b port's c plus plus don't");
  EXPECT_EQ(said("caf\xc3\xa9 \xe2\x80\x9cna\xc3\xafve\xe2\x80\x9d it\xe2\x80\x99s"), "cafe naive it's");
}

TEST(SpokenText, MarksMakePauses) {
  const auto windows = spoken_windows("One, two. Three?!");
  ASSERT_EQ(windows.size(), 3u);
  EXPECT_LT(windows[0].pause, windows[1].pause);
  EXPECT_EQ(windows[1].pause, windows[2].pause);
}

TEST(SpokenText, LongPhrasesInAboutEqualParts) {
  EXPECT_EQ(said("a b c d e f g", 6), "a b c | d e f g");
  EXPECT_EQ(said("a b c d e f", 6), "a b c d e f");
  const auto windows = spoken_windows("a b c d e f g, h", 3);
  std::vector<size_t> sizes;
  for (const auto& window : windows) sizes.push_back(window.words.size());
  EXPECT_EQ(sizes, (std::vector<size_t>{2, 2, 3, 1}));
}

TEST(SpokenText, WhatCannotBeSaid) {
  EXPECT_THROW(spoken_windows(""), UsageError);
  EXPECT_THROW(spoken_windows(" ... \" "), UsageError);
  EXPECT_THROW(spoken_windows("\xe4\xbd\xa0"), UsageError);
  EXPECT_THROW(spoken_windows("\xff"), UsageError);
  EXPECT_EQ(spoken_windows(std::string(60, 'a')).size(), 1u);
  EXPECT_THROW(spoken_windows(std::string(61, 'a')), UsageError);
}

}  // namespace
}  // namespace conclave
