#include "framework/train/trainer.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <functional>

#include "framework/base/error.h"
#include "framework/base/file.h"
#include "framework/nn/linear.h"
#include "framework/tensor/safetensors.h"
#include "testing/testing.h"

namespace conclave {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::TempDir;

/// Learns y = sum(x) of 24 fixed points, with dropout and jitter so that every random stream matters.
struct SumTask : TrainTask {
  struct Net : Module {
    Linear first{4, 8}, second{8, 1};
    Tensor seen = at::zeros({1});  // a buffer that training changes
    void visit(Visitor& v) override {
      v.child("first", first);
      v.child("second", second);
      v("seen", seen, TensorKind::buffer);
    }
  };
  Net net;
  Tensor x_ND;
  double drop = 0.2;
  int64_t updates = 0;
  std::vector<double> evaluations;  // given out in turn, when not empty
  std::vector<int64_t> poison;      // steps whose loss is not a number

  SumTask() {
    at::manual_seed(1);
    net = Net();
    x_ND = at::randn({24, 4});
    set_trainable(net, true);
  }
  Module& model() override { return net; }
  int64_t items() const override { return x_ND.size(0); }
  StepLoss loss(MicroBatch& batch) override {
    const Tensor x = x_ND.index_select(0, at::tensor(batch.items)) + 0.01 * batch.random.normal();
    const Tensor hidden = at::dropout(at::relu(net.first.forward(x)), drop, true);
    Tensor loss = at::mse_loss(net.second.forward(hidden).to(at::kFloat).squeeze(1), x.sum(1));
    net.seen.add_(static_cast<double>(batch.items.size()));
    if (std::count(poison.begin(), poison.end(), batch.step)) loss = loss * NAN;
    return {loss, static_cast<double>(batch.items.size()), {{"batch", static_cast<double>(batch.items[0])}}};
  }
  Metrics evaluate() override {
    at::randn({5});  // must not move training's random numbers
    if (evaluations.empty()) {
      const Tensor y = net.second.forward(at::relu(net.first.forward(x_ND))).squeeze(1);
      return {{"loss", at::mse_loss(y, x_ND.sum(1)).item<double>()}};
    }
    const double value = evaluations.front();
    evaluations.erase(evaluations.begin());
    return {{"loss", value}};
  }
  void after_step(int64_t) override { ++updates; }
  Json state() const override { return {{"updates", updates}}; }
  void restore(const Json& state) override { updates = state.at("updates"); }
};

TrainOptions options_in(const fs::path& folder) {
  TrainOptions o;
  o.steps = 20;
  o.batch = 3;
  o.accumulate = 2;
  o.seed = 11;
  o.schedule.peak = 0.02;
  o.schedule.warmup = 3;
  o.ema_decay = 0.9;
  o.folder = folder;
  o.checkpoint_every = 5;
  o.evaluate_every = 4;
  return o;
}

void expect_same_checkpoint(const fs::path& a, const fs::path& b) {
  for (const char* file :
       {"model.safetensors", "optimizer.safetensors", "ema.safetensors", "random.safetensors", "state.json"})
    EXPECT_EQ(read_file(a / file), read_file(b / file)) << file;
}

TEST(Trainer, LearnsAndReports) {
  SumTask task;
  task.drop = 0;
  TrainOptions options = options_in("");
  options.steps = 300;
  options.ema_decay = 0;
  std::vector<StepReport> reports;
  TrainCallbacks callbacks;
  callbacks.on_step = [&](const StepReport& r) { reports.push_back(r); };
  const auto before = task.evaluate().at("loss");
  const auto result = Trainer(task, options, callbacks).run();
  EXPECT_EQ(result.end, TrainEnd::finished);
  EXPECT_LT(result.evaluation.at("loss"), 0.05 * before);
  ASSERT_EQ(reports.size(), 300u);
  EXPECT_EQ(reports.front().step, 1);
  EXPECT_DOUBLE_EQ(reports.front().rate, 0.02 / 3);
  EXPECT_DOUBLE_EQ(reports[3].epoch, 1);
  EXPECT_TRUE(reports.front().metrics.contains("batch"));
  EXPECT_EQ(task.updates, 300);
}

TEST(Trainer, StoppedAndResumedEqualsUnbroken) {
  TempDir folder;
  SumTask whole;
  Trainer(whole, options_in(folder / "whole")).run();

  SumTask part;
  TrainCallbacks callbacks;
  int64_t asked = 0;
  callbacks.should_stop = [&] { return asked++ == 10; };
  EXPECT_EQ(Trainer(part, options_in(folder / "parts"), callbacks).run().end, TrainEnd::stopped);

  SumTask rest;
  at::manual_seed(999);
  Trainer trainer(rest, options_in(folder / "parts"));
  ASSERT_TRUE(trainer.resume());
  EXPECT_EQ(trainer.step(), 10);
  trainer.run();
  expect_same_checkpoint(folder / "whole/step-00000020", folder / "parts/step-00000020");
}

TEST(Trainer, FailureBetweenCheckpointsLosesOnlyWhatFollowed) {
  TempDir folder;
  SumTask whole;
  Trainer(whole, options_in(folder / "whole")).run();
  {
    SumTask part;
    TrainCallbacks callbacks;
    callbacks.on_step = [](const StepReport& r) {
      if (r.step == 13) throw Error("power cut");
    };
    EXPECT_THROW(Trainer(part, options_in(folder / "parts"), callbacks).run(), Error);
  }
  fs::create_directories(folder / "parts/.step-00000015.new");  // as a kill while saving would leave it
  write_file(folder / "parts/.step-00000015.new/model.safetensors", "half");
  SumTask rest;
  Trainer trainer(rest, options_in(folder / "parts"));
  ASSERT_TRUE(trainer.resume());
  EXPECT_LE(trainer.step(), 13);
  EXPECT_FALSE(fs::exists(folder / "parts/.step-00000015.new"));
  trainer.run();
  expect_same_checkpoint(folder / "whole/step-00000020", folder / "parts/step-00000020");
}

TEST(TrainerDeathTest, AKilledProcessResumesBitForBit) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  // The child runs this test again from its start, so it learns the folder from its environment.
  TempDir folder;
  ::setenv("CONCLAVE_TEST_KILL", folder.path().c_str(), 0);
  const fs::path shared = std::getenv("CONCLAVE_TEST_KILL");
  EXPECT_EXIT(
      {
        SumTask task;
        TrainCallbacks callbacks;
        callbacks.on_step = [](const StepReport& r) {
          if (r.step == 17) std::raise(SIGKILL);
        };
        Trainer(task, options_in(shared / "killed"), callbacks).run();
      },
      ::testing::KilledBySignal(SIGKILL), "");
  ::unsetenv("CONCLAVE_TEST_KILL");
  SumTask whole, rest;
  Trainer(whole, options_in(folder / "whole")).run();
  Trainer trainer(rest, options_in(folder / "killed"));
  ASSERT_TRUE(trainer.resume());
  trainer.run();
  expect_same_checkpoint(folder / "whole/step-00000020", folder / "killed/step-00000020");
}

TEST(Trainer, AccumulationEqualsOneLargeBatch) {
  const auto train = [](int64_t batch, int64_t accumulate) {
    SumTask task;
    task.drop = 0;
    task.x_ND = task.x_ND.index_select(0, at::arange(12));
    TrainOptions o = options_in("");
    o.ema_decay = 0;
    o.batch = batch;
    o.accumulate = accumulate;
    o.steps = 1;
    // The jitter is one number per micro-batch: take it away.
    struct Still : TrainTask {
      SumTask& task;
      explicit Still(SumTask& t) : task(t) {}
      Module& model() override { return task.net; }
      int64_t items() const override { return 12; }
      StepLoss loss(MicroBatch& b) override {
        const Tensor x = task.x_ND.index_select(0, at::tensor(b.items));
        const Tensor y = task.net.second.forward(at::relu(task.net.first.forward(x))).squeeze(1);
        return {at::mse_loss(y, x.sum(1)), static_cast<double>(b.items.size()), {}};
      }
    } still(task);
    double loss = 0;
    TrainCallbacks callbacks;
    callbacks.on_step = [&](const StepReport& r) { loss = r.gradient_norm; };
    Trainer(still, o, callbacks).run();
    return std::pair(task.net.first.weight.detach().clone(), loss);
  };
  const auto [large, norm] = train(12, 1);
  const auto [parts, norm_of_parts] = train(4, 3);
  EXPECT_NEAR(norm, norm_of_parts, 1e-5);
  EXPECT_LT((large - parts).abs().max().item<double>(), 1e-5);
}

TEST(Trainer, KeepsLastAndBest) {
  TempDir folder;
  SumTask task;
  task.evaluations = {3, 1, 2, 2, 2};
  TrainOptions options = options_in(folder.path());
  options.keep_last = 1;
  const auto result = Trainer(task, options).run();
  EXPECT_EQ(result.best, 1);
  EXPECT_EQ(result.best_step, 8);
  EXPECT_THAT(TrainingCheckpoints(folder.path()).steps(), ElementsAre(8, 20));
}

TEST(Trainer, StopsWhenPatienceIsOut) {
  TempDir folder;
  SumTask task;
  task.evaluations = {1, 2, 3, 4, 5};
  TrainOptions options = options_in(folder.path());
  options.patience = 2;
  const auto result = Trainer(task, options).run();
  EXPECT_EQ(result.end, TrainEnd::out_of_patience);
  EXPECT_EQ(result.step, 12);
  SumTask again;
  Trainer resumed(again, options);
  ASSERT_TRUE(resumed.resume());
  EXPECT_EQ(resumed.run().end, TrainEnd::out_of_patience);
}

TEST(Trainer, StepsThatAreNotFiniteAreSkipped) {
  SumTask task;
  task.poison = {2, 3};
  TrainOptions options = options_in("");
  options.steps = 6;
  std::vector<int64_t> skipped;
  TrainCallbacks callbacks;
  callbacks.on_step = [&](const StepReport& r) {
    if (r.skipped) skipped.push_back(r.step);
  };
  Trainer(task, options, callbacks).run();
  EXPECT_THAT(skipped, ElementsAre(3, 4));
  EXPECT_EQ(task.updates, 4);
  EXPECT_TRUE(at::isfinite(task.net.first.weight).all().item<bool>());

  SumTask hopeless;
  hopeless.poison = {0, 1, 2, 3, 4, 5};
  options.max_bad_steps = 3;
  try {
    Trainer(hopeless, options).run();
    FAIL();
  } catch (const Error& e) {
    EXPECT_THAT(e.what(), HasSubstr("4 steps in a row"));
  }
}

TEST(Trainer, TrainsInBfloat16OverFloat32Weights) {
  SumTask task;
  task.drop = 0;
  TrainOptions options = options_in("");
  options.steps = 200;
  options.ema_decay = 0;
  options.bfloat16 = true;
  const auto before = task.evaluate().at("loss");
  const auto result = Trainer(task, options).run();
  EXPECT_LT(result.evaluation.at("loss"), 0.1 * before);
  EXPECT_EQ(task.net.first.weight.scalar_type(), at::kFloat);
}

TEST(Trainer, MeansAreThoseOfTheUnbrokenRun) {
  TempDir folder;
  const auto train = [](const fs::path& where, int64_t stop) {
    SumTask task;
    std::vector<StepReport> reports;
    TrainCallbacks callbacks;
    callbacks.on_step = [&](const StepReport& r) { reports.push_back(r); };
    int64_t steps = 0;
    if (stop > 0) callbacks.should_stop = [&] { return steps++ == stop; };
    Trainer trainer(task, options_in(where), callbacks);
    trainer.resume();
    trainer.run();
    return reports;
  };
  const auto whole = train(folder / "whole", 0);
  EXPECT_DOUBLE_EQ(whole[0].means.at("loss"), whole[0].loss) << "one value is its own mean";
  EXPECT_DOUBLE_EQ(whole[1].means.at("loss"), (0.98 * whole[0].loss + whole[1].loss) / 1.98);
  EXPECT_DOUBLE_EQ(whole[0].means.at("batch"), whole[0].metrics.at("batch"));
  train(folder / "parts", 10);
  const auto rest = train(folder / "parts", 0);
  ASSERT_EQ(rest.size(), 10u);
  EXPECT_EQ(rest.back().means, whole.back().means);

  // A checkpoint of an earlier version has no means.
  train(folder / "old", 10);
  const fs::path file = folder / "old/step-00000010/state.json";
  Json state = read_json(file);
  ASSERT_EQ(state.erase("means"), 1u);
  write_file(file, state.dump());
  const auto old = train(folder / "old", 0);
  EXPECT_EQ(old.back().loss, whole.back().loss);
  EXPECT_DOUBLE_EQ(old.front().means.at("loss"), old.front().loss);
}

TEST(Trainer, MeansLeaveOutWhatIsNotFinite) {
  RunningMeans means;
  means.add("loss", NAN);
  EXPECT_TRUE(means.means().empty());
  means.add("loss", 2);
  means.add("loss", INFINITY);
  EXPECT_EQ(means.means().at("loss"), 2);
}

TEST(Trainer, CheckpointsTakeFilesOfTheApplication) {
  TempDir folder;
  SumTask task;
  TrainOptions options = options_in(folder.path());
  options.steps = 5;
  TrainCallbacks callbacks;
  callbacks.add_files = [](const fs::path& into) { write_file(into / "config.json", "{}"); };
  Trainer(task, options, callbacks).run();
  EXPECT_EQ(read_file(folder / "step-00000005/config.json"), "{}");
}

TEST(Trainer, AnotherRunsFolderIsRefused) {
  TempDir folder;
  SumTask task;
  TrainOptions options = options_in(folder.path());
  options.steps = 5;
  Trainer(task, options).run();
  SumTask other;
  EXPECT_THROW(Trainer(other, options).run(), UsageError);
  options.seed = 12;
  try {
    Trainer(other, options).resume();
    FAIL();
  } catch (const UsageError& e) {
    EXPECT_THAT(e.what(), HasSubstr("was begun with seed 11, not 12"));
  }
  options.seed = 11;
  options.metric = "accuracy";
  options.steps = 9;
  Trainer unknown(other, options);
  ASSERT_TRUE(unknown.resume());
  EXPECT_THROW(unknown.run(), UsageError);
}

// Gives the first values of a file the bits of a NaN.
void spoil(const fs::path& file) {
  std::string bytes = read_file(file);
  uint64_t header = 0;
  std::memcpy(&header, bytes.data(), sizeof header);
  write_file(file, bytes.replace(8 + header, 16, std::string(16, '\xff')));
}

// Leaves one checkpoint alone.
void keep_only(const fs::path& folder, int64_t step) {
  const TrainingCheckpoints checkpoints(folder);
  for (const int64_t other : checkpoints.steps())
    if (other != step) fs::remove_all(checkpoints.path_of(other));
}

TEST(Trainer, ADamagedNewestCheckpointIsPassedOver) {
  TempDir folder;
  SumTask whole;
  Trainer(whole, options_in(folder / "whole")).run();
  const auto cut = [](const fs::path& file) {
    const std::string good = read_file(file);
    write_file(file, good.substr(0, good.size() / 2));
  };
  const auto lying = [](const fs::path& file) {
    write_file(file, std::string(8, '\x7f') + read_file(file).substr(8));
  };
  const std::pair<const char*, std::function<void(const fs::path&)>> damages[] = {
      {"state.json", cut},          {"model.safetensors", cut},       {"model.safetensors", lying},
      {"model.safetensors", spoil}, {"optimizer.safetensors", spoil}, {"ema.safetensors", spoil},
      {"random.safetensors", cut}};
  for (const auto& [file, damage] : damages) {
    SCOPED_TRACE(file);
    fs::remove_all(folder / "parts");
    SumTask part;
    TrainCallbacks callbacks;
    callbacks.on_step = [](const StepReport& r) {
      if (r.step == 16) throw Error("power cut");
    };
    TrainOptions options = options_in(folder / "parts");
    options.keep_last = 3;
    EXPECT_THROW(Trainer(part, options, callbacks).run(), Error);
    const TrainingCheckpoints checkpoints(folder / "parts");
    const auto steps = checkpoints.steps();
    ASSERT_GE(steps.size(), 2u);
    damage(checkpoints.path_of(steps.back()) / file);

    SumTask rest;
    Trainer trainer(rest, options);
    ::testing::internal::CaptureStderr();
    ASSERT_TRUE(trainer.resume());
    const std::string told = ::testing::internal::GetCapturedStderr();
    EXPECT_THAT(told, HasSubstr(checkpoints.path_of(steps.back()).string() + " is damaged"));
    EXPECT_THAT(told, HasSubstr(file));
    EXPECT_EQ(trainer.step(), steps[steps.size() - 2]);
    EXPECT_TRUE(
        fs::exists(folder / "parts" / ("damaged-" + checkpoints.path_of(steps.back()).filename().string())));
    trainer.run();
    expect_same_checkpoint(folder / "whole/step-00000020", folder / "parts/step-00000020");
  }
}

TEST(Trainer, ValuesThatAreNotFiniteAreNoCheckpoint) {
  TempDir folder;
  SumTask task;
  TrainOptions options = options_in(folder.path());
  options.steps = 5;
  Trainer(task, options).run();
  keep_only(folder.path(), 5);
  for (const char* file : {"model.safetensors", "optimizer.safetensors", "ema.safetensors"}) {
    const fs::path path = folder / "step-00000005" / file;
    const std::string good = read_file(path);
    spoil(path);
    try {
      Trainer(task, options).resume();
      FAIL() << file;
    } catch (const DataError& e) {
      EXPECT_THAT(e.what(), HasSubstr(path.string()));
      EXPECT_THAT(e.what(), ::testing::ContainsRegex("[a-z.]+ holds values that are no finite numbers"));
    }
    write_file(path, good);
  }
}

TEST(Trainer, WeightsThatAreNotFiniteAreNeverSaved) {
  struct Spoiling : SumTask {
    void after_step(int64_t step) override {
      if (step == 7) net.first.weight.detach()[0][0].fill_(NAN);
    }
  };
  for (const int64_t steps : {7, 20}) {
    TempDir folder;
    Spoiling task;
    TrainOptions options = options_in(folder.path());
    options.steps = steps;
    options.evaluate_every = 0;
    try {
      Trainer(task, options).run();
      FAIL() << steps;
    } catch (const Error& e) {
      EXPECT_THAT(e.what(), HasSubstr(steps == 7 ? "step 7: first.weight" : "step 10: first.weight"));
      EXPECT_THAT(e.what(), HasSubstr((folder / "step-00000005").string()));
    }
    EXPECT_THAT(TrainingCheckpoints(folder.path()).steps(), ElementsAre(5));
  }
}

TEST(Trainer, ARunWithoutOneGoodStepIsNoTraining) {
  TempDir folder;
  SumTask task;
  task.poison = {0, 1, 2};
  TrainOptions options = options_in(folder.path());
  options.steps = 3;
  try {
    Trainer(task, options).run();
    FAIL();
  } catch (const Error& e) {
    EXPECT_THAT(e.what(), HasSubstr("3 steps in a row"));
  }
  EXPECT_FALSE(TrainingCheckpoints(folder.path()).newest());
}

TEST(Trainer, ADamagedCheckpointIsADataError) {
  TempDir folder;
  SumTask task;
  TrainOptions options = options_in(folder.path());
  options.steps = 5;
  Trainer(task, options).run();
  keep_only(folder.path(), 5);
  const fs::path checkpoint = folder / "step-00000005";
  const auto resume = [&] { Trainer(task, options).resume(); };
  for (const char* file :
       {"state.json", "model.safetensors", "optimizer.safetensors", "random.safetensors"}) {
    const std::string good = read_file(checkpoint / file);
    write_file(checkpoint / file, good.substr(0, good.size() / 2));
    EXPECT_THROW(resume(), DataError) << file;
    fs::remove(checkpoint / file);
    EXPECT_THROW(resume(), DataError) << file;
    write_file(checkpoint / file, good);
  }
  write_file(checkpoint / "state.json", "{\"step\": \"five\"}");
  EXPECT_THROW(resume(), DataError);
}

}  // namespace
}  // namespace conclave
