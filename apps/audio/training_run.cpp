#include "apps/audio/training_run.h"

#include <cmath>

#include "framework/base/error.h"
#include "framework/base/file.h"
#include "framework/base/log.h"
#include "framework/base/progress.h"
#include "framework/base/signals.h"
#include "framework/tensor/device.h"

namespace conclave {
namespace fs = std::filesystem;
namespace {

constexpr int64_t kInterval = 50;  // steps between two points of a curve

// The progress line, and in the history the mean of every interval.
class TrainingRecorder {
 public:
  TrainingRecorder(Invocation& call, const TrainingRun& run, int64_t steps)
      : call_(call), run_(run), progress_("train", steps, "steps") {}
  ~TrainingRecorder() { record(); }

  void go_on_from(int64_t step) {
    progress_.start_at(step);
    log_info("goes on at step {}", step);
  }
  void on_step(const StepReport& report) {
    step_ = report.step;
    rate_ = report.rate;
    add("loss", report.loss);
    add("gradient_norm", report.gradient_norm);
    for (const auto& [name, value] : report.metrics) add(name, value);
    std::string note;
    for (const auto& [name, value] : report.means) note += fmt::format("{} {:.3f}  ", name, value);
    progress_.note(note + fmt::format("rate {:.1e}", report.rate));
    progress_.advance();
    if (step_ % kInterval == 0) record();
  }
  void on_evaluation(int64_t step, const Metrics& metrics, bool best) {
    Json line = {{"step", step}, {"best", best}};
    std::string told;
    for (const auto& [name, value] : metrics) {
      line[name] = value;
      told += fmt::format(", {} {:.4f}", name, value);
      call_.history().metric("validation/" + name, step, value);
    }
    if (call_.json()) call_.out().write(line);
    log_info("step {}{}{}", step, told, best ? " (the best so far)" : "");
  }

 private:
  void add(const std::string& name, double value) {
    if (!std::isfinite(value)) return;
    auto& [sum, count] = sums_[name];
    sum += value;
    ++count;
  }
  void record() {
    if (sums_.empty()) return;
    auto& history = call_.history();
    for (const auto& [name, sum] : sums_)
      history.metric("train/" + name, step_, sum.first / static_cast<double>(sum.second));
    history.metric("train/rate", step_, rate_);
    sums_.clear();
    if (run_.routing) history.routing("train", step_, run_.routing());
  }

  Invocation& call_;
  const TrainingRun& run_;
  Progress progress_;
  std::map<std::string, std::pair<double, int64_t>> sums_;
  double rate_ = 0;
  int64_t step_ = 0;
};

}  // namespace

void prepare_training(TrainOptions& options, const Json& recipe, const fs::path& out, Invocation& call) {
  const auto& common = call.common();
  require<UsageError>(common.device == "auto" || parse_device(common.device).is_cpu(),
                      "--device {}: training runs on the CPU", common.device);
  require<UsageError>(common.dtype == "auto", "--dtype {}: the recipe says its own, train.dtype",
                      common.dtype);
  set_threads(common.threads);
  options.seed = common.seed;
  options.folder = out / "checkpoints";
  const fs::path kept = out / "recipe.json";
  require<UsageError>(
      !TrainingCheckpoints(options.folder).newest() || !fs::exists(kept) || read_json(kept) == recipe,
      "{} was begun with another recipe (its recipe.json): give that one or another --out", out.string());
}

TrainResult run_training(TrainTask& task, const TrainOptions& options, const TrainingRun& run,
                         Invocation& call) {
  throw_if_interrupted();
  write_file(run.out / "recipe.json", run.recipe.dump(2) + "\n");
  call.history().input(run.out / "recipe.json", "recipe");
  TrainingRecorder recorder(call, run, options.steps);
  TrainCallbacks callbacks;
  callbacks.should_stop = [] { return interrupted(); };
  callbacks.on_step = [&](const StepReport& report) { recorder.on_step(report); };
  callbacks.on_evaluation = [&](int64_t step, const Metrics& metrics, bool best) {
    recorder.on_evaluation(step, metrics, best);
  };
  callbacks.add_files = run.add_files;
  Trainer trainer(task, options, callbacks);
  if (trainer.resume()) recorder.go_on_from(trainer.step());
  const TrainResult result = trainer.run();
  if (result.end == TrainEnd::stopped)
    throw Interrupted(fmt::format("interrupted; saved at step {} in {}: the same command goes on",
                                  result.step, run.out.string()));
  if (trainer.ema()) trainer.ema()->swap();
  return result;
}

void tell_trained(const fs::path& out, Invocation& call) {
  for (const char* file : {"config.json", "model.safetensors"}) call.history().output(out / file, "model");
  if (call.json()) call.out().write({{"model", out.string()}});
  log_info("the model is in {}", out.string());
}

}  // namespace conclave
