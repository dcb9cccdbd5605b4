// The worked example of docs/datasets.md. The first test fails when the page and this file no longer agree.
#include <fstream>

#include "datasets/vqa_sample.h"
#include "framework/base/error.h"

namespace conclave {

/// Splits: any. <split>.csv has picture;question;answer, the pictures lie in photos/.
VqaSet load_photo_quiz(const std::filesystem::path& dir, const std::string& split) {
  const auto path = dir / (split + ".csv");
  std::ifstream in(path);
  if (!in) throw DataError(path.string(), "", "no such file");
  VqaSet set{"photo-quiz", split, {}};
  int64_t number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    const auto first = line.find(';'), second = line.find(';', first + 1);
    if (first == line.npos || second == line.npos)
      throw DataError(path.string(), fmt::format("line {}", number), "is not picture;question;answer");
    VqaSample sample;
    sample.id = std::to_string(number);
    sample.images = {dir / "photos" / line.substr(0, first)};
    sample.question = line.substr(first + 1, second - first - 1);
    sample.answers = {line.substr(second + 1)};
    sample.group = line.substr(0, first);
    set.samples.push_back(sample);
  }
  return set;
}

}  // namespace conclave

#include <gtest/gtest.h>

#include "datasets/vqa_scores.h"
#include "framework/base/file.h"
#include "testing/testing.h"

namespace conclave {
namespace {

std::string between(const std::string& text, const std::string& begin, const std::string& end) {
  const auto from = text.find(begin), to = text.find(end, from);
  return from == text.npos || to == text.npos ? "" : text.substr(from, to - from);
}

TEST(AddingADataSet, ThePageShowsWhatIsCompiledHere) {
  const std::filesystem::path root = CONCLAVE_SOURCE_DIR;
  const auto page = read_file(root / "docs/datasets.md");
  const auto here = read_file(root / "tests/datasets/adding_a_data_set_test.cpp");
  const auto shown = between(page, "/// Splits: any.", "}  // namespace conclave\n```");
  EXPECT_FALSE(shown.empty());
  EXPECT_NE(here.find(shown), here.npos);
}

TEST(AddingADataSet, TheExampleLoadsAndScores) {
  testing::TempDir dir;
  write_file(dir / "test.csv", "a.jpg;what color?;red\nb.jpg;how many?;2\n");
  const auto set = load_photo_quiz(dir.path(), "test");
  ASSERT_EQ(set.samples.size(), 2u);
  EXPECT_EQ(set.samples[0].images[0], dir / "photos/a.jpg");
  EXPECT_DOUBLE_EQ(score_vqa(set, {{"1", "Red"}, {"2", "three"}}).score, 0.5);
  write_file(dir / "test.csv", "a.jpg;what color?;red\nodd\n");
  try {
    load_photo_quiz(dir.path(), "test");
    FAIL();
  } catch (const DataError& e) {
    EXPECT_EQ(e.where(), "line 2");
  }
}

}  // namespace
}  // namespace conclave
