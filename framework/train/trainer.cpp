#include "framework/train/trainer.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <chrono>
#include <cmath>

#include "framework/base/error.h"
#include "framework/base/file.h"
#include "framework/base/log.h"
#include "framework/tensor/state.h"
#include "framework/train/autocast.h"
#include "framework/train/random_state.h"

namespace conclave {
namespace {

TrainOptions filled(TrainOptions options) {
  require<UsageError>(options.steps >= 1 && options.batch >= 1 && options.accumulate >= 1,
                      "[train] steps {}, batch {} and accumulate {} must be at least 1", options.steps,
                      options.batch, options.accumulate);
  if (options.schedule.steps == 0) options.schedule.steps = options.steps;
  return options;
}

}  // namespace

Trainer::Trainer(TrainTask& task, TrainOptions options, TrainCallbacks callbacks)
    : task_(task),
      options_(filled(std::move(options))),
      callbacks_(std::move(callbacks)),
      optimizer_(task.model(), options_.optimizer),
      ema_(options_.ema_decay > 0 ? std::make_unique<Ema>(task.model(), options_.ema_decay) : nullptr),
      order_(options_.seed, task.items()),
      watch_(options_.maximize, options_.min_delta, options_.patience),
      checkpoints_(options_.folder) {}

StepReport Trainer::one_step() {
  const auto begin = std::chrono::steady_clock::now();
  StepReport report;
  report.rate = options_.schedule.at(step_);
  const auto device = optimizer_.parameters().front().tensor.device().type();
  double weight = 0;
  optimizer_.zero_grad();
  for (int64_t part = 0; part < options_.accumulate; ++part) {
    MicroBatch batch{order_.next(options_.batch), step_, part, order_.epoch(),
                     Random(options_.seed, fmt::format("step/{}/{}", step_, part))};
    StepLoss result;
    {
      const AutocastScope autocast(options_.bfloat16, device);
      result = task_.loss(batch);
    }
    require(result.weight >= 0, "[train] a loss has the weight {}", result.weight);
    weight += result.weight;
    if (result.weight == 0) continue;
    (result.loss.to(at::kFloat) * result.weight).backward();
    report.loss += result.weight * result.loss.item<double>();
    for (const auto& [name, value] : result.metrics) report.metrics[name] += result.weight * value;
  }
  if (weight > 0) {
    report.loss /= weight;
    for (auto& [name, value] : report.metrics) value /= weight;
    report.gradient_norm = optimizer_.gradient_norm() / weight;
  }
  for (const auto& [name, value] : report.metrics) means_.add(name, value);
  if (weight > 0 && !report.metrics.contains("loss")) means_.add("loss", report.loss);
  report.means = means_.means();
  report.skipped = weight == 0 || !std::isfinite(report.loss) || !std::isfinite(report.gradient_norm);
  if (!report.skipped) {
    const double clip = options_.clip_norm > 0 && report.gradient_norm > options_.clip_norm
                            ? options_.clip_norm / report.gradient_norm
                            : 1;
    optimizer_.step(report.rate, clip / weight);
    if (ema_) ema_->update();
  }
  bad_steps_ = report.skipped ? bad_steps_ + 1 : 0;
  optimizer_.zero_grad();
  ++step_;
  if (!report.skipped) {
    at::NoGradGuard no_grad;
    task_.after_step(step_);
  }
  report.step = step_;
  report.epoch = order_.epoch();
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return report;
}

bool Trainer::evaluate() {
  {
    at::NoGradGuard no_grad;
    const RandomStateScope keep;
    const EmaScope average(ema_.get());
    evaluation_ = task_.evaluate();
  }
  if (evaluation_.empty()) return false;
  const auto watched = evaluation_.find(options_.metric);
  if (watched == evaluation_.end()) {
    std::string names;
    for (const auto& [name, value] : evaluation_) names += (names.empty() ? "" : ", ") + name;
    throw UsageError(
        fmt::format("[train] the evaluation has no metric \"{}\"; it has {}", options_.metric, names));
  }
  const bool best = watch_.observe(step_, watched->second);
  if (callbacks_.on_evaluation) callbacks_.on_evaluation(step_, evaluation_, best);
  return best;
}

TrainResult Trainer::run() {
  if (!resumed_ && step_ == 0) {
    require<UsageError>(!checkpoints_.newest(),
                        "[train] {} holds checkpoints of another run: resume it or choose another folder",
                        options_.folder.string());
    at::manual_seed(options_.seed);
  }
  TrainEnd end = TrainEnd::finished;
  while (step_ < options_.steps) {
    if (watch_.out_of_patience()) {
      end = TrainEnd::out_of_patience;
      break;
    }
    if (callbacks_.should_stop && callbacks_.should_stop()) {
      end = TrainEnd::stopped;
      break;
    }
    const StepReport report = one_step();
    if (callbacks_.on_step) callbacks_.on_step(report);
    require(
        bad_steps_ <= options_.max_bad_steps && bad_steps_ < options_.steps,
        "[train] {} steps in a row had a loss or gradient that is not finite (step {}, loss {}): lower the "
        "learning rate or look at the data",
        bad_steps_, step_, report.loss);
    const bool last = step_ == options_.steps;
    const bool evaluates = last || (options_.evaluate_every > 0 && step_ % options_.evaluate_every == 0);
    const bool best = evaluates && evaluate();
    if (best || (options_.checkpoint_every > 0 && step_ % options_.checkpoint_every == 0)) save();
  }
  if (saved_step_ != step_) save();
  return {end, step_, evaluation_, watch_.best(), watch_.best_step()};
}

// What is kept or shipped has finite weights and moments.
void Trainer::require_finite() {
  for (Module* state : {&task_.model(), static_cast<Module*>(&optimizer_)}) {
    const auto name = first_not_finite(*state);
    if (!name) continue;
    const auto sound = checkpoints_.newest();
    throw Error(fmt::format(
        "[train] step {}: {} holds values that are no finite numbers, so it is not saved: lower the learning "
        "rate or look at the data{}",
        step_, *name,
        sound ? "; the last sound checkpoint is " + checkpoints_.path_of(*sound).string() : ""));
  }
}

void Trainer::save() {
  require_finite();
  if (options_.folder.empty()) return;
  Metrics finite = evaluation_;  // JSON has no other numbers
  std::erase_if(finite, [](const auto& metric) { return !std::isfinite(metric.second); });
  const Json state = {{"format", 1},
                      {"step", step_},
                      {"seed", options_.seed},
                      {"items", task_.items()},
                      {"place", order_.place()},
                      {"bad_steps", bad_steps_},
                      {"watch", watch_.state()},
                      {"evaluation", finite},
                      {"means", means_.state()},
                      {"task", task_.state()}};
  checkpoints_.write(step_, [&](const std::filesystem::path& folder) {
    save_state(task_.model(), folder / "model.safetensors");
    save_state(optimizer_, folder / "optimizer.safetensors");
    if (ema_) save_state(*ema_, folder / "ema.safetensors");
    save_safetensors(folder / "random.safetensors", random_state());
    write_file(folder / "state.json", state.dump(2) + "\n");
    if (callbacks_.add_files) callbacks_.add_files(folder);
  });
  saved_step_ = step_;
  checkpoints_.prune(options_.keep_last, watch_.best_step());
  if (callbacks_.on_checkpoint) callbacks_.on_checkpoint(step_, checkpoints_.path_of(step_));
}

bool Trainer::resume() {
  if (options_.folder.empty()) return false;
  checkpoints_.remove_leftovers();
  auto steps = checkpoints_.steps();
  if (steps.empty()) return false;
  std::vector<std::pair<int64_t, std::string>> damaged;
  for (;; steps.pop_back()) {
    try {
      load(steps.back());
      break;
    } catch (const DataError& e) {
      if (steps.size() == 1)
        throw DataError(checkpoints_.path_of(steps.back()).string(), "",
                        fmt::format("cannot be gone on from, and there is no checkpoint before it ({}); to "
                                    "begin anew, remove {}",
                                    e.what(), options_.folder.string()));
      damaged.emplace_back(steps.back(), e.what());
    }
  }
  for (const auto& [step, why] : damaged)
    log_warning("{} is damaged ({}): training goes on from step {} before it; it is kept as {}",
                checkpoints_.path_of(step).string(), why, step_, checkpoints_.set_aside(step).string());
  resumed_ = true;
  return true;
}

void Trainer::load(int64_t step) {
  const auto folder = checkpoints_.path_of(step);
  const auto file = folder / "state.json";
  const Json state = read_json(file);
  const auto read = [&](Module& into, const char* name) {
    LoadOptions options;
    options.finite = true;
    load_state(into, Safetensors(folder / name), options);
  };
  try {
    require<UsageError>(state.at("seed") == options_.seed,
                        "[train] {} was begun with seed {}, not {}: give that seed or another folder",
                        options_.folder.string(), state.at("seed").dump(), options_.seed);
    require<UsageError>(
        state.at("items") == task_.items(),
        "[train] {} was begun with data of {} items, now there are {}: give the same data or another folder",
        options_.folder.string(), state.at("items").dump(), task_.items());
    read(task_.model(), "model.safetensors");
    read(optimizer_, "optimizer.safetensors");
    if (ema_) read(*ema_, "ema.safetensors");
    set_random_state(Safetensors(folder / "random.safetensors"));
    step_ = saved_step_ = state.at("step").get<int64_t>();
    order_.seek(state.at("place").get<int64_t>());
    bad_steps_ = state.at("bad_steps").get<int>();
    watch_ = EarlyStop(options_.maximize, options_.min_delta, options_.patience);
    watch_.restore(state.at("watch"));
    evaluation_ = state.at("evaluation").get<Metrics>();
    means_.restore(state.value("means", Json::object()));  // older checkpoints have none
    task_.restore(state.at("task"));
  } catch (const nlohmann::json::exception& e) {
    throw DataError(file.string(), "", fmt::format("is no state of a training run ({})", e.what()));
  }
}

}  // namespace conclave
