#include "ui/routing/ablation.h"

#include <algorithm>
#include <set>

#include "framework/base/error.h"

namespace conclave::ui {
namespace {

constexpr const char* kFlag = "--mask-expert";
// Options of an evaluation that write files, or say which run it is.
const std::set<std::string> kLeftOut{"--predictions", "--export",   "--rows",
                                     "--plot",        "--run-name", "--history"};

// Programs whose evaluations can leave an expert out.
bool can_mask(const RunSummary& run) {
  return run.app == "vqa" && run.verb == "eval";
}

std::string batch_of(const RunDetail& evaluation) {
  return "ablation " + evaluation.uuid.substr(0, 8);
}

QStringList masked_in(const std::vector<std::string>& argv) {
  QStringList experts;
  for (size_t i = 0; i + 1 < argv.size(); ++i)
    if (argv[i] == kFlag) experts << QString::fromStdString(argv[i + 1]);
  return experts;
}

}  // namespace

RunDetail evaluation_of(const Store& store, int64_t run) {
  RunDetail detail = store.show(run);
  if (can_mask(detail)) return detail;
  std::set<int64_t> users;
  for (const LineageLink& link : store.used_by(run)) users.insert(link.to);
  for (auto user = users.rbegin(); user != users.rend(); ++user) {
    if (*user == 0) continue;
    RunDetail evaluation = store.show(*user);
    if (can_mask(evaluation) && evaluation.status == "finished" && masked_in(evaluation.argv).isEmpty())
      return evaluation;
  }
  throw Error(
      fmt::format("Nothing tells what run {} is worth yet: evaluate its model with conclave-vqa eval, and "
                  "the evaluation can be repeated without an expert.",
                  run));
}

JobSpec ablation_job(const RunDetail& evaluation, const std::string& site, int expert) {
  JobSpec job;
  for (size_t i = 0; i < evaluation.argv.size(); ++i) {
    const std::string& word = evaluation.argv[i];
    const std::string option = word.substr(0, word.find('='));
    if (!kLeftOut.contains(option))
      job.argv.push_back(word);
    else if (option == word)
      ++i;  // its value
  }
  const std::string name = fmt::format("{}:{}", site, expert);
  job.argv.insert(job.argv.end(),
                  {kFlag, name, "--run-name", fmt::format("run {} without {}", evaluation.id, name)});
  job.folder = evaluation.folder;
  job.batch = batch_of(evaluation);
  job.name = "without " + name;
  return job;
}

std::vector<Ablation> ablations_of(const Store& store, const RunDetail& evaluation) {
  std::vector<Ablation> all;
  for (const Job& job : Queue(store).list()) {
    if (job.batch != batch_of(evaluation)) continue;
    Ablation ablation{masked_in(job.argv).join(", "), job.state, {}};
    if (const auto run = job.run.empty() ? std::nullopt : store.find_uuid(job.run))
      ablation.run = store.show(*run);
    all.push_back(std::move(ablation));
  }
  return all;
}

std::vector<std::string> telling_metrics(const RunSummary& evaluation) {
  std::vector<std::string> names;
  for (const MetricSummary& metric : evaluation.metrics)
    if (!metric.goal.empty() || metric.name == "loss" || metric.name == "nll" || metric.name == "consistency")
      names.push_back(metric.name);
  return names;
}

}  // namespace conclave::ui
