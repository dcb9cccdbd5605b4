#include "apps/stream/cell.h"

#include <gtest/gtest.h>

#include "framework/base/error.h"
#include "framework/base/file.h"
#include "testing/testing.h"

namespace conclave {
namespace {

TEST(CellResults, KeepRunsByPlan) {
  testing::TempDir dir;
  const auto file = dir / "runs.jsonl";
  const Json run = {{"stream", "s"}, {"learner", "l"}, {"seed", 2u}, {"accuracy", 0.5}, {"plan", "p"}};
  {
    CellResults results(file);
    results.add(run);
  }
  write_file(file, read_file(file) + "{\"stream\": \"s\", \"lea");  // the next one was cut off
  const CellResults again(file);
  EXPECT_EQ(again.find("s", "l", 2, "p"), run);
  EXPECT_TRUE(again.find("s", "l", 3, "p").is_null());
  EXPECT_TRUE(again.find("s", "l", 2, "another").is_null());
  EXPECT_TRUE(CellResults({}).find("s", "l", 2, "p").is_null());
  write_file(file, "{\"stream\": \"s\"}\n");
  EXPECT_THROW(read_results(file), DataError);
}

TEST(CellPlan, ChangesWithWhatIsRun) {
  TableStream stream{"s", {{"generator", "sea"}}, {}, 1000};
  TableLearner learner{"l", {{"learner", "moe"}}};
  const auto plan = cell_plan(stream, learner);
  stream.ceiling = 0.9;
  EXPECT_EQ(cell_plan(stream, learner), plan);
  stream.rows = 2000;
  EXPECT_NE(cell_plan(stream, learner), plan);
  stream.rows = 1000;
  learner.config["trees"] = 4;
  EXPECT_NE(cell_plan(stream, learner), plan);
}

TEST(RunCell, KeepsWhichRowsOfAFileWereRight) {
  testing::TempDir dir;
  std::string text = "a,class\n";
  for (int i = 0; i < 100; ++i) text += fmt::format("{},{}\n", i % 7, i % 4 ? "x" : "y");
  write_file(dir / "r.csv", text);
  const Json result = run_cell({"r", Json::object(), dir / "r.csv", 0}, {"m", {{"learner", "majority"}}}, 1);
  EXPECT_EQ(result.at("instances"), 100);
  EXPECT_EQ(result.at("right").get<std::string>().size(), 25u);
  EXPECT_EQ(result.at("right").get<std::string>().substr(20), "77777");  // y is always wrong in the end
}

}  // namespace
}  // namespace conclave
