#include "framework/history/alerts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

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

}  // namespace
}  // namespace conclave
