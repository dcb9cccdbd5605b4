// One command as many jobs.
#include "framework/history/sweep.h"

#include <gmock/gmock.h>

#include <set>

#include "framework/base/error.h"

namespace conclave {
namespace {

using ::testing::ElementsAre;

const JobSpec kBase{{"conclave-vqa", "train"}};

TEST(Sweep, OneJobForEachCombination) {
  const std::vector<std::string> axes{"lr=0.1,0.01", "seed=1,2,3"};
  const auto jobs = sweep(kBase, axes);
  ASSERT_EQ(jobs.size(), 6u);
  EXPECT_THAT(jobs[0].argv, ElementsAre("conclave-vqa", "train", "--lr", "0.1", "--seed", "1"));
  EXPECT_THAT(jobs[5].argv, ElementsAre("conclave-vqa", "train", "--lr", "0.01", "--seed", "3"));
  EXPECT_FALSE(jobs[0].batch.empty());
  for (const auto& job : jobs) EXPECT_EQ(job.batch, jobs[0].batch);
  EXPECT_NE(sweep(kBase, axes)[0].batch, jobs[0].batch) << "another call, another group";
}

TEST(Sweep, KeysWithDotsAreOfTheRecipe) {
  const std::vector<std::string> axes{"stages.0.train.steps=100,200"};
  EXPECT_THAT(sweep(kBase, axes)[1].argv,
              ElementsAre("conclave-vqa", "train", "--set", "stages.0.train.steps=200"));
}

TEST(Sweep, DrawsSoManyDifferentOnesAndTheSameAgain) {
  const std::vector<std::string> axes{"a=1,2,3,4,5,6,7,8", "b=1,2,3,4"};
  const auto once = sweep(kBase, axes, 5, 7), again = sweep(kBase, axes, 5, 7),
             other = sweep(kBase, axes, 5, 8);
  ASSERT_EQ(once.size(), 5u);
  std::set<std::vector<std::string>> different;
  bool same = true;
  for (size_t i = 0; i < once.size(); ++i) {
    different.insert(once[i].argv);
    EXPECT_EQ(once[i].argv, again[i].argv);
    same = same && once[i].argv == other[i].argv;
  }
  EXPECT_EQ(different.size(), 5u);
  EXPECT_FALSE(same);
  EXPECT_EQ(sweep(kBase, axes, 100).size(), 32u) << "no more than there are";
}

TEST(Sweep, WithoutAxesItIsTheJobAlone) {
  const auto jobs = sweep(kBase, {});
  ASSERT_EQ(jobs.size(), 1u);
  EXPECT_TRUE(jobs[0].batch.empty());
  for (const char* wrong : {"", "a", "=1", "a="}) {
    const std::vector<std::string> axes{wrong};
    EXPECT_THROW(sweep(kBase, axes), UsageError) << wrong;
  }
  std::string many = "a=0";
  for (int i = 1; i < 200; ++i) many += "," + std::to_string(i);
  const std::vector<std::string> axes{many, many};
  EXPECT_THROW(sweep(kBase, axes), UsageError) << "40,000 jobs";
}

}  // namespace
}  // namespace conclave
