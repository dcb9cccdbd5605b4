#include "apps/vqa/stage_recorder.h"

#include <cmath>

#include "apps/routing/routing_rows.h"
#include "apps/vqa/ask_options.h"
#include "framework/base/log.h"

namespace conclave {
namespace {

constexpr int64_t kInterval = 50;  // steps
constexpr int kToldSkips = 5;

}  // namespace

StageRecorder::StageRecorder(Invocation& call, const RecipeStage& stage, int64_t first_step, VlmTask* routed)
    : call_(call),
      stage_(stage.name),
      averaged_(stage.train.ema_decay > 0),
      first_step_(first_step),
      routed_(routed),
      progress_("train " + stage_, stage.train.steps, "steps") {}

StageRecorder::~StageRecorder() {
  if (!sums_.empty()) record();
}

void StageRecorder::go_on_from(int64_t step) {
  progress_.start_at(step);
  log_info("stage {} goes on at step {}", stage_, step);
}

void StageRecorder::add(const std::string& name, double value) {
  if (!std::isfinite(value)) return;
  Sum& sum = sums_[name];
  sum.total += value;
  ++sum.count;
}

void StageRecorder::on_step(const StepReport& report) {
  add("loss", report.loss);
  add("gradient_norm", report.gradient_norm);
  for (const auto& [name, value] : report.metrics) add(name, value);
  rate_ = report.rate;
  step_ = report.step;
  if (!std::isfinite(report.loss) || !std::isfinite(report.gradient_norm)) tell_skipped(report);

  std::string note;
  if (const auto loss = report.means.find("loss"); loss != report.means.end())
    note = fmt::format("loss {:.3f}", loss->second);
  for (const auto& [name, value] : report.means)
    if (name != "loss") note += fmt::format("  {} {:.3f}", name, value);
  progress_.note(note + fmt::format("  rate {:.1e}", report.rate));
  progress_.advance();
  if (recorded_ < 0 || step_ % kInterval == 0) record();
}

void StageRecorder::tell_skipped(const StepReport& report) {
  if (++skipped_ > kToldSkips) return;
  const std::string text =
      fmt::format("stage {}, step {}: loss {}, gradient norm {}: not finite, so the step is skipped{}",
                  stage_, report.step, report.loss, report.gradient_norm,
                  skipped_ == kToldSkips ? "; further ones are not told" : "");
  log_warning("{}", text);
  call_.history().event("warning", text, report.step);
}

void StageRecorder::record() {
  auto& history = call_.history();
  for (const auto& [name, sum] : sums_)
    history.metric(stage_ + "/" + name, step_, sum.total / static_cast<double>(sum.count));
  history.metric(stage_ + "/rate", step_, rate_);
  if (routed_) history.routing("train", first_step_ + step_, routing_rows(routed_->take_trace()));
  sums_.clear();
  recorded_ = step_;
}

void StageRecorder::on_evaluation(int64_t step, const Metrics& metrics, bool best) {
  Json line = {
      {"stage", stage_}, {"step", step}, {"best", best}, {"weights", averaged_ ? "averaged" : "trained"}};
  std::string told;
  for (const auto& [name, value] : metrics) {
    line[name] = value;
    told += fmt::format("{}{} {:.4f}", told.empty() ? "" : ", ", name, value);
    call_.history().metric(stage_ + "/" + name, step, value);
  }
  if (call_.json()) call_.out().write(line);
  log_info("stage {}, step {}: {}{}{}", stage_, step, told, averaged_ ? ", with averaged weights" : "",
           best ? " (the best so far)" : "");
}

}  // namespace conclave
