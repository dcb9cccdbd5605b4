#include "framework/history/alerts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <sstream>

#include "framework/base/error.h"
#include "framework/base/file.h"
#include "framework/base/shell_words.h"
#include "framework/history/alert_hook.h"
#include "framework/history/run_writer.h"
#include "testing/testing.h"

namespace conclave {
namespace {

std::vector<std::string> texts(const std::vector<Alert>& alerts) {
  std::vector<std::string> all;
  for (const auto& alert : alerts) all.push_back(alert.kind + ": " + alert.text);
  return all;
}

TEST(Alerts, OfARun) {
  testing::TempDir dir;
  {
    RunWriter run(dir / "history.db", {"vqa", "train"});
    run.describe_metric("accuracy", "", "max");
    run.metric("train/loss", 7, std::numeric_limits<double>::quiet_NaN());
    run.metric("accuracy", 7, 0.5);
    run.metric("other", 7, std::numeric_limits<double>::infinity());  // neither loss nor goal
    for (int64_t step = 0; step <= 2000; step += 100) {
      RoutingRow rows[3];
      for (auto& row : rows) row.counts = {1, step < 500 ? 1u : 0u, 0, 4};
      rows[0].site = rows[1].site = "layer.0";
      rows[0].modality = "text";
      rows[1].modality = "image";
      rows[1].counts = {0, 0, step == 1500 ? 2u : 0u, 0};  // another modality keeps expert 2 alive
      rows[2].site = "layer.1";
      rows[2].modality = "text";
      run.routing("train", step, rows);
    }
    run.finish("finished", 0);
  }
  const Store store = Store::open(dir / "history.db");
  const auto run = store.list().at(0);
  EXPECT_THAT(texts(find_alerts(store, run)),
              ::testing::ElementsAre("not finite: train/loss is nan at step 7",
                                     "dead expert: an expert of layer.0 got no token for 1000 steps: 1",
                                     "dead expert: 2 experts of layer.1 got no token for 1000 steps: 1, 2"));
  EXPECT_EQ(find_alerts(store, run, {.dead_steps = 5000}).size(), 1u);  // not so many steps yet
  EXPECT_EQ(find_alerts(store, run, {.dead_steps = 1900}).size(), 2u);  // expert 1 was alive at step 400
  EXPECT_EQ(find_alerts(store, run, {}, "eval").size(), 1u);
  EXPECT_TRUE(find_disk_alerts(store, {.free_bytes = 0}).empty());
  EXPECT_EQ(find_disk_alerts(store, {.free_bytes = INT64_MAX}).size(), 1u);
}

TEST(Alerts, OfLayersThatDropTokens) {
  testing::TempDir dir;
  RunWriter run(dir / "history.db", {"vqa", "train"});
  const auto write = [&](int64_t step, uint32_t a, uint32_t b) {
    RoutingRow rows[4];
    for (auto& row : rows) row.counts = {50, 50};
    rows[0].site = rows[1].site = "layer.0";
    rows[0].modality = rows[2].modality = rows[3].modality = "text";
    rows[1].modality = "vision";
    rows[0].dropped = {a, 0};  // of 200 and these
    rows[2].site = "layer.1";
    rows[2].dropped = {0, b};  // of 100 and these
    rows[3].site = "layer.2";  // drops are not recorded
    run.routing("train", step, rows);
    run.flush();
  };
  AlertWatch watch({.free_bytes = 0});
  const Store store = Store::open(dir / "history.db");
  const auto find = [&](const AlertLimits& limits) {
    return texts(find_alerts(store, store.list().at(0), limits));
  };
  for (int64_t step = 0; step < 1000; step += 100) write(step, 50, 5);  // 20 % and 4.8 %
  EXPECT_TRUE(watch.look(store).empty()) << "not so many steps yet";
  write(1000, 100, 100);
  const char* told =
      "dropped tokens: layer.0 drops more than 5 % of its tokens for 1000 steps, 33.3 % at step 1000";
  EXPECT_THAT(texts(watch.look(store)), ::testing::ElementsAre(told));
  EXPECT_THAT(find({.drop_share = 0.04}), ::testing::SizeIs(2));
  EXPECT_THAT(find({.drop_share = 0.25}), ::testing::IsEmpty());
  EXPECT_THAT(find({.drop_steps = 5000}), ::testing::IsEmpty());
  write(1100, 60, 100);
  EXPECT_TRUE(watch.look(store).empty()) << "the same, a step later";
  EXPECT_THAT(texts(watch.now()), ::testing::ElementsAre(::testing::HasSubstr("23.1 % at step 1100")));
  write(1200, 10, 100);  // 4.8 %
  EXPECT_TRUE(watch.look(store).empty());
  EXPECT_TRUE(watch.now().empty()) << "one better step, and it is over";
  EXPECT_THAT(
      find({.drop_steps = 200}),
      ::testing::ElementsAre(
          "dropped tokens: layer.1 drops more than 5 % of its tokens for 200 steps, 50.0 % at step 1200"));
}

TEST(Alerts, AreToldOnce) {
  testing::TempDir dir;
  AlertWatch watch({.free_bytes = 0});
  RunWriter old(dir / "history.db", {"vqa", "train"});
  old.metric("loss", 1, std::numeric_limits<double>::quiet_NaN());
  old.finish("finished", 0);
  const Store store = Store::open(dir / "history.db");
  EXPECT_TRUE(watch.look(store).empty()) << "it had ended before the first look";
  RunWriter run(dir / "history.db", {"vqa", "train"});
  run.metric("loss", 1, 0.5);
  run.metric("dice_loss", 1, 0.5);
  run.flush();
  EXPECT_TRUE(watch.look(store).empty());
  run.metric("loss", 2, std::numeric_limits<double>::quiet_NaN());
  run.flush();
  EXPECT_THAT(texts(watch.look(store)), ::testing::ElementsAre("not finite: loss is nan at step 2"));
  run.metric("loss", 3, std::numeric_limits<double>::quiet_NaN());
  run.flush();
  EXPECT_TRUE(watch.look(store).empty()) << "the same, a step later";
  EXPECT_EQ(watch.now().size(), 1u);
  run.metric("dice_loss", 3, std::numeric_limits<double>::infinity());
  run.finish("failed", 1);  // between two looks
  EXPECT_THAT(texts(watch.look(store)), ::testing::ElementsAre("not finite: dice_loss is inf at step 3"));
  const Alert alert{"lost", 2, "gone"};
  EXPECT_EQ(
      alert_json(alert, store),
      Json({{"alert", "lost"}, {"run", 2}, {"text", "gone"}, {"history", (dir / "history.db").string()}}));
}

constexpr auto kNever = [] { return false; };

TEST(AlertHook, GivesEachAlertToOneCommandAtATime) {
  testing::TempDir dir;
  // mkdir fails when another one is at work.
  write_file(dir / "hook",
             "#!/bin/sh\nmkdir \"$2\" || exit 9\ncat >> \"$1\"\nsleep 0.05\nrmdir \"$2\"\necho noise\n");
  std::filesystem::permissions(dir / "hook", std::filesystem::perms::owner_all);
  std::vector<std::string> problems;
  AlertHook hook({(dir / "hook").string(), (dir / "got it").string(), (dir / "lock").string()},
                 [&](const std::string& problem) { problems.push_back(problem); });
  for (int i = 0; i < 5; ++i) hook.call({{"run", i}, {"text", "$(exit 3) `x`; \"\xff"}});
  hook.finish(kNever);
  EXPECT_EQ(problems, std::vector<std::string>(5));
  std::istringstream lines(read_file(dir / "got it"));
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count)
    EXPECT_EQ(parse_json(line, "hook")["run"], count) << line;
  EXPECT_EQ(count, 5);
}

TEST(AlertHook, SaysWhatWentWrong) {
  const auto problem_of = [](std::vector<std::string> words) {
    std::string said;
    AlertHook hook(
        std::move(words), [&](const std::string& problem) { said = problem; },
        std::chrono::milliseconds(300));
    hook.call({{"run", 1}});
    hook.finish(kNever);
    return said;
  };
  EXPECT_EQ(problem_of({"true"}), "");
  EXPECT_EQ(problem_of({"/no/such/program"}),
            "/no/such/program: cannot be started: No such file or directory");
  EXPECT_EQ(problem_of({"sh", "-c", "echo first >&2; echo no mail here >&2; exit 3"}),
            "sh ended with exit code 3: no mail here");
  EXPECT_EQ(problem_of({"sh", "-c", "kill -9 $$"}), "sh crashed (signal 9)");
  EXPECT_EQ(problem_of({"sh", "-c", "sleep 60; true"}), "sh was stopped: it took longer than 0.3 s");
  EXPECT_EQ(problem_of({"sh", "-c", "yes >&2"}), "sh was stopped: it took longer than 0.3 s");
  EXPECT_EQ(problem_of({"sh", "-c", "sleep 2 & exit 0"}), "") << "what it leaves behind is not waited for";
  EXPECT_THROW(problem_of({}), UsageError);
}

TEST(AlertHook, KeepsNobodyWaiting) {
  std::vector<std::string> problems;
  {
    AlertHook hook({"sleep", "600"}, [&](const std::string& problem) { problems.push_back(problem); });
    for (size_t i = 0; i < AlertHook::kMostWaiting + 10; ++i) hook.call({{"run", i}});
    hook.finish([] { return true; });
  }  // ends the one that sleeps
  ASSERT_GE(problems.size(), 9u);
  EXPECT_EQ(problems[0], "100 alerts wait for sleep: one more is left out");
}

TEST(ShellWords, AreThoseOfAShell) {
  EXPECT_THAT(shell_words("a  'b c'\td\"e \\\" f\" g\\ h '' i'j' \"\\n\""),
              ::testing::ElementsAre("a", "b c", "de \" f", "g h", "", "ij", "\\n"));
  EXPECT_TRUE(shell_words(" \n ").empty());
  EXPECT_THROW(shell_words("it's"), UsageError);
}

}  // namespace
}  // namespace conclave
