/// An expert taken out: which evaluation tells what it was worth, and the job that repeats it without the
/// expert.
#pragma once

#include <QStringList>

#include "framework/history/queue.h"

namespace conclave::ui {

/// `run` itself where it is an evaluation, else the newest evaluation of the model that it made. Throws Error
/// that says what to do when there is none.
RunDetail evaluation_of(const Store& store, int64_t run);

/// The evaluation once more, without one more expert. What it would write again is left out.
JobSpec ablation_job(const RunDetail& evaluation, const std::string& site, int expert);

/// What was asked for so far, the latest first.
struct Ablation {
  QString experts;                ///< "2:3", or several with commas
  std::string state;              ///< of its job
  std::optional<RunSummary> run;  ///< once it has begun
};
std::vector<Ablation> ablations_of(const Store& store, const RunDetail& evaluation);

/// Metrics of an evaluation that tell how good the model is, as the table of ablations has them.
std::vector<std::string> telling_metrics(const RunSummary& evaluation);

}  // namespace conclave::ui
