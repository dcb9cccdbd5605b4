// Schedules, data order, the moving average, early stopping, checkpoint folders and options.
#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "framework/base/error.h"
#include "framework/base/file.h"
#include "framework/train/autocast.h"
#include "framework/train/checkpoint.h"
#include "framework/train/data_order.h"
#include "framework/train/early_stop.h"
#include "framework/train/ema.h"
#include "framework/train/random_state.h"
#include "framework/train/train_options.h"
#include "testing/testing.h"

namespace conclave {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::TempDir;

TEST(Schedule, KnownPoints) {
  Schedule s{ScheduleKind::cosine, 2.0, 10, 110, 0.1};
  EXPECT_DOUBLE_EQ(s.at(0), 0.2);
  EXPECT_DOUBLE_EQ(s.at(4), 1.0);
  EXPECT_DOUBLE_EQ(s.at(9), 2.0);
  EXPECT_DOUBLE_EQ(s.at(10), 2.0);
  EXPECT_NEAR(s.at(60), 2.0 * 0.55, 1e-12);
  EXPECT_NEAR(s.at(35), 2.0 * (0.1 + 0.9 * (1 + std::sqrt(0.5)) / 2), 1e-12);
  EXPECT_DOUBLE_EQ(s.at(110), 0.2);
  EXPECT_DOUBLE_EQ(s.at(1000), 0.2);
  s.kind = ScheduleKind::linear;
  EXPECT_NEAR(s.at(60), 1.1, 1e-12);
  EXPECT_DOUBLE_EQ(s.at(110), 0.2);
  s.kind = ScheduleKind::constant;
  EXPECT_DOUBLE_EQ(s.at(4), 1.0);
  EXPECT_DOUBLE_EQ(s.at(1000), 2.0);
  EXPECT_DOUBLE_EQ((Schedule{ScheduleKind::linear, 1.0, 0, 0, 0}.at(0)), 1.0);
  EXPECT_THROW(parse_schedule("step", "train.schedule.kind"), UsageError);
}

TEST(DataOrder, EachEpochIsAPermutationOfItsOwn) {
  DataOrder order(7, 10);
  const auto first = order.next(10), second = order.next(10);
  auto sorted = first;
  std::sort(sorted.begin(), sorted.end());
  std::vector<int64_t> all(10);
  std::iota(all.begin(), all.end(), 0);
  EXPECT_EQ(sorted, all);
  EXPECT_NE(first, second);
  EXPECT_NE(DataOrder(8, 10).next(10), first);
  EXPECT_DOUBLE_EQ(order.epoch(), 2);
}

TEST(DataOrder, ASoughtPlaceContinuesAcrossEpochs) {
  DataOrder whole(3, 7), resumed(3, 7);
  whole.next(12);
  resumed.seek(12);
  EXPECT_EQ(whole.next(9), resumed.next(9));
  DataOrder endless(3, 0);
  endless.seek(5);
  EXPECT_THAT(endless.next(3), ElementsAre(5, 6, 7));
}

struct One : Module {
  Tensor w = at::ones({2}).set_requires_grad(true);
  void visit(Visitor& v) override { v("w", w); }
};

TEST(Ema, AveragesAndSwapsBack) {
  One one;
  Ema ema(one, 0.5);
  one.w.detach().fill_(3);
  ema.update();  // decay 2/11 at first
  {
    const EmaScope scope(&ema);
    EXPECT_NEAR(one.w[0].item<double>(), 1 * 2.0 / 11 + 3 * 9.0 / 11, 1e-6);
  }
  EXPECT_EQ(one.w[0].item<float>(), 3);
  for (int i = 0; i < 100; ++i) ema.update();
  EXPECT_NEAR(named_tensors(ema)[0].tensor[0].item<double>(), 3, 1e-6);
  EXPECT_THROW(Ema(one, 1), UsageError);
}

TEST(Autocast, ProductsAreBfloat16AndGradientsFloat32) {
  const Tensor w = at::randn({4, 4}).set_requires_grad(true), x = at::randn({3, 4});
  Tensor y;
  {
    const AutocastScope scope(true, at::kCPU);
    y = at::linear(x, w);
  }
  EXPECT_EQ(y.scalar_type(), at::kBFloat16);
  y.to(at::kFloat).sum().backward();
  EXPECT_EQ(w.grad().scalar_type(), at::kFloat);
  EXPECT_EQ(at::linear(x, w).scalar_type(), at::kFloat);
  {
    const AutocastScope scope(false, at::kCPU);
    EXPECT_EQ(at::linear(x, w).scalar_type(), at::kFloat);
  }
}

TEST(RandomState, ScopeLeavesTheGeneratorAsItWas) {
  at::manual_seed(5);
  at::randn({3});
  const auto saved = random_state();
  const Tensor expected = at::randn({17});
  set_random_state(TensorMap("memory", {saved.begin(), saved.end()}));
  {
    const RandomStateScope scope;
    at::randn({100});
  }
  EXPECT_TRUE(at::equal(at::randn({17}), expected));
  EXPECT_THROW(set_random_state(TensorMap("memory", {{"cpu", at::zeros({3}, at::kByte)}})), DataError);
}

TEST(EarlyStop, CountsEvaluationsWithoutImprovement) {
  EarlyStop watch(true, 0.1, 2);
  EXPECT_TRUE(watch.observe(10, 1.0));
  EXPECT_FALSE(watch.observe(20, 1.05));  // by less than min_delta
  EXPECT_FALSE(watch.out_of_patience());
  EarlyStop resumed(true, 0.1, 2);
  resumed.restore(watch.state());
  EXPECT_FALSE(resumed.observe(30, NAN));
  EXPECT_TRUE(resumed.out_of_patience());
  EXPECT_EQ(resumed.best_step(), 10);
  EXPECT_TRUE(resumed.observe(40, 2.0));
  EXPECT_FALSE(resumed.out_of_patience());
  EarlyStop lower(false, 0, 0);
  EXPECT_TRUE(lower.observe(1, 5));
  EXPECT_TRUE(lower.observe(2, 4));
  EXPECT_FALSE(lower.observe(3, 4));
  EXPECT_FALSE(lower.out_of_patience());  // patience 0
}

TEST(TrainingCheckpoints, KeepsTheNewestAndTheBest) {
  TempDir folder;
  const TrainingCheckpoints checkpoints(folder / "run");
  EXPECT_FALSE(checkpoints.newest());
  for (const int64_t step : {5, 10, 15, 20})
    checkpoints.write(step, [&](const fs::path& to) { write_file(to / "x", std::to_string(step)); });
  checkpoints.prune(2, 5);
  EXPECT_THAT(checkpoints.steps(), ElementsAre(5, 15, 20));
  checkpoints.write(20, [](const fs::path& to) { write_file(to / "x", "again"); });
  EXPECT_EQ(read_file(checkpoints.path_of(20) / "x"), "again");
}

TEST(TrainingCheckpoints, AFailedWriteAndForeignFoldersAreNotCheckpoints) {
  TempDir folder;
  const TrainingCheckpoints checkpoints(folder.path());
  checkpoints.write(5, [](const fs::path& to) { write_file(to / "x", "whole"); });
  EXPECT_THROW(checkpoints.write(5,
                                 [](const fs::path& to) {
                                   write_file(to / "x", "half");
                                   throw Error("killed");
                                 }),
               Error);
  fs::create_directories(folder / "step-00x");
  fs::create_directories(folder / "step-");
  write_file(folder / "step-00000099", "a file");
  EXPECT_THAT(checkpoints.steps(), ElementsAre(5));
  EXPECT_EQ(read_file(checkpoints.path_of(5) / "x"), "whole");
  checkpoints.remove_leftovers();
  for (const auto& entry : fs::directory_iterator(folder.path()))
    EXPECT_FALSE(entry.path().filename().string().starts_with(".")) << entry.path();
}

TEST(TrainOptions, ReadsEveryKey) {
  const Json json = Json::parse(R"({"steps": 50, "batch": 4, "accumulate": 2, "seed": 9, "dtype": "bfloat16",
    "schedule": {"kind": "linear", "peak": 0.01, "warmup": 5, "final_ratio": 0.1},
    "optimizer": {"beta2": 0.95, "weight_decay": 0.1, "groups": [{"pattern": "router", "lr_scale": 0.1,
    "weight_decay": 0}]}, "clip_norm": 0.5, "ema_decay": 0.99, "folder": "out", "checkpoint_every": 10,
    "keep_last": 3, "evaluate_every": 5, "metric": "accuracy", "maximize": true, "patience": 4})");
  const TrainOptions o = parse_train_options(json);
  EXPECT_EQ(o.steps, 50);
  EXPECT_TRUE(o.bfloat16);
  EXPECT_EQ(o.schedule.kind, ScheduleKind::linear);
  EXPECT_EQ(o.optimizer.beta2, 0.95);
  ASSERT_EQ(o.optimizer.groups.size(), 1u);
  EXPECT_EQ(o.optimizer.groups[0].weight_decay, 0);
  EXPECT_EQ(o.patience, 4);
  EXPECT_TRUE(o.maximize);
}

TEST(TrainOptions, WrongKeysAreNamed) {
  const auto error = [](const char* json) -> std::string {
    try {
      parse_train_options(Json::parse(json));
    } catch (const UsageError& e) {
      return e.what();
    }
    return "";
  };
  EXPECT_THAT(error(R"({"stepz": 5})"), HasSubstr("stepz"));
  EXPECT_THAT(error(R"({"steps": 0})"), HasSubstr("train.steps"));
  EXPECT_THAT(error(R"({"optimizer": {"beta1": 1.5}})"), HasSubstr("train.optimizer.beta1"));
  EXPECT_THAT(error(R"({"schedule": {"kind": "step"}})"), HasSubstr("train.schedule.kind"));
  EXPECT_THAT(error(R"({"optimizer": {"groups": [{}]}})"), HasSubstr("groups[0].pattern"));
  EXPECT_THAT(error(R"({"dtype": "float16"})"), HasSubstr("float16"));
}

}  // namespace
}  // namespace conclave
