#include <fmt/core.h>

#include <algorithm>

#include "apps/common/app.h"
#include "apps/common/shipped.h"
#include "apps/ultrasound/eval_nulls.h"
#include "apps/ultrasound/eval_record.h"
#include "apps/ultrasound/reliability_plot.h"
#include "apps/ultrasound/text_figures.h"
#include "apps/ultrasound/verbs.h"
#include "framework/base/error.h"
#include "framework/base/file.h"
#include "framework/base/stopwatch.h"
#include "framework/tensor/device.h"

namespace conclave {
namespace fs = std::filesystem;
using namespace ultrasound;
namespace {

constexpr int kFolds = 5;

// One test: a reader and what it is tested on.
struct FoldJob {
  int fold = 0;
  SavedReader reader;
  UltrasoundSet set;
};

class UltrasoundEvalVerb : public Verb {
 public:
  std::string name() const override { return "eval"; }
  std::string summary() const override {
    return "Measure a reader on a data set, or reports against reference reports";
  }
  std::string examples() const override {
    return "conclave-ultrasound eval --dataset bus-bra --data DIR --fold 1 --json\n"
           "conclave-ultrasound eval --dataset hc18 --data DIR --nulls\n"
           "conclave-ultrasound eval --dataset folder --data DIR --organ breast --fold 1\n"
           "conclave-ultrasound eval --predictions A.jsonl --references B.jsonl --json";
  }
  void declare(Options& options) override {
    options.add("dataset", dataset_, "Which data set").choices(ultrasound_set_names());
    options.add("data", data_, "Its folder, or the folder that this one is in").existing();
    options.add("organ", organ_, "What the pictures of a folder with labels.csv show");
    options.add("fold", fold_, "Official fold of BUS-BRA; all five when it is not given").range(1, kFolds);
    options
        .add("model", model_,
             "Folder of a reader, or one with fold-1 to fold-5; the shipped one when it is not given")
        .existing();
    options.add("part", part_, "Part of the split").choices({"test", "validation"});
    options.add("nulls", nulls_, "Also what is reached without looking: majority, metadata, nearest, blank");
    options.add("resamples", resamples_, "Of the bootstrap by patient; 0: no intervals").range(0, 100000);
    options.add("rows", rows_file_, "File for a JSON line for each picture").group("Files");
    options.add("plot", plot_, "File for the reliability plot (SVG)").group("Files");
    options.add("predictions", predictions_, "Reports to score, JSON lines").existing().group("Reports");
    options.add("references", references_, "Reference reports, JSON lines").existing().group("Reports");
    options.add("split-words", splitting_, "How BLEU splits words")
        .choices({"13a", "zh", "char", "blanks", "rouge", "coco"})
        .group("Reports");
  }
  int run(Invocation& call) override;

 private:
  int run_texts(Invocation& call);
  std::vector<FoldJob> jobs() const;
  FoldJob job(const fs::path& model, int fold) const;
  void write_rows(const std::vector<ReadRow>& rows, const TaskConfig& task) const;

  std::string dataset_, organ_ = "breast", part_ = "test", splitting_ = "13a";
  fs::path data_, model_, predictions_, references_, rows_file_, plot_;
  std::optional<int> fold_;
  bool nulls_ = false;
  int64_t resamples_ = 2000;
};

FoldJob UltrasoundEvalVerb::job(const fs::path& model, int fold) const {
  FoldJob job{fold, load_reader(model), load_ultrasound_set(dataset_, data_, fold, organ_)};
  require_unseen(job.reader, dataset_, fold);
  return job;
}

std::vector<FoldJob> UltrasoundEvalVerb::jobs() const {
  const fs::path folder = !model_.empty()
                              ? model_
                              : shipped(dataset_ == "hc18" || organ_ == "fetal_head" ? "ultrasound-fetal-head"
                                                                                     : "ultrasound-breast");
  std::vector<FoldJob> all;
  if (fs::exists(folder / "config.json")) {
    const auto trained = load_reader(folder).training.value("fold", 1);
    all.push_back(job(folder, fold_.value_or(dataset_ == "bus-bra" ? trained : 1)));
    return all;
  }
  std::string missing;
  for (int fold = fold_.value_or(1); fold <= fold_.value_or(kFolds); ++fold) {
    const fs::path one = folder / fmt::format("fold-{}", fold);
    if (fs::exists(one / "config.json"))
      all.push_back(job(one, fold));
    else
      missing += fmt::format("{}{}", missing.empty() ? "" : ", ", fold);
  }
  require<UsageError>(missing.empty(), "{} has no reader of fold {}: --fold takes one that is there",
                      folder.string(), missing);
  return all;
}

void UltrasoundEvalVerb::write_rows(const std::vector<ReadRow>& rows, const TaskConfig& task) const {
  if (rows_file_.empty()) return;
  std::string text;
  for (const auto& row : rows) text += row.to_json(task).dump() + "\n";
  write_file(rows_file_, text);
}

int UltrasoundEvalVerb::run_texts(Invocation& call) {
  require<UsageError>(!predictions_.empty() && !references_.empty(),
                      "--predictions and --references belong together");
  const auto reports = read_report_lines(predictions_), references = read_report_lines(references_);
  Json record = {{"predictions", predictions_.string()},
                 {"references", references_.string()},
                 {"split_words", splitting_}};
  record.update(
      text_figures(reports, references, parse_splitting(splitting_), {resamples_, call.common().seed}));
  auto& history = call.history();
  for (const auto& [name, value] : record.items())
    if (value.is_number()) history.metric(name, 0, value.get<double>());
  if (call.json())
    call.out().write(record);
  else
    fmt::print("{}\n", record.dump(2));
  return kExitDone;
}

int UltrasoundEvalVerb::run(Invocation& call) {
  if (!predictions_.empty() || !references_.empty()) return run_texts(call);
  require<UsageError>(!dataset_.empty() && !data_.empty(),
                      "either --dataset and --data, or --predictions and --references, are needed");
  set_threads(call.common().threads);
  const auto all = jobs();
  for (const auto& job : all)
    require<UsageError>(
        !nulls_ || std::ranges::count(job.set.samples, Part::train, &UltrasoundSample::part) > 0,
        "--nulls: they learn from a training part, which {} has not", data_.string());
  call.begin();
  const Part part = part_ == "test" ? Part::test : Part::validation;
  const EvalOptions options{resamples_, call.common().seed};
  std::vector<ReadRow> rows;
  std::map<std::string, std::vector<ReadRow>> null_rows;
  const auto& task = all.front().reader.model->config.tasks[static_cast<size_t>(
      all.front().reader.model->config.task(all.front().set.task))];
  const Stopwatch watch;
  double reading_seconds = 0;
  for (const auto& job : all) {
    const Stopwatch one;
    auto read = read_set(job.set, part, task, reading_of(job.reader, job.set.task),
                         fmt::format("eval {} {}", dataset_, job.fold));
    reading_seconds += one.seconds();
    for (auto& row : read) {
      row.fold = job.fold;
      rows.push_back(std::move(row));
    }
    if (nulls_)
      for (auto& [name, of_null] : null_readings(job.set, part, job.reader).rows)
        null_rows[name].insert(null_rows[name].end(), of_null.begin(), of_null.end());
    if (all.size() > 1 && call.json()) {
      Json line = {{"dataset", dataset_}, {"part", part_}, {"fold", job.fold}, {"model", job.reader.name}};
      std::vector<ReadRow> mine;
      for (const auto& row : rows)
        if (row.fold == job.fold) mine.push_back(row);
      line.update(figures_of(mine, task, {0, options.seed}));
      call.out().write(line);
    }
  }
  Json record = {{"dataset", dataset_}, {"part", part_}, {"model", all.front().reader.name}};
  for (const auto& job : all) record["folds"].push_back(job.fold);
  record.update(figures_of(rows, task, options));
  for (const auto& [name, of_null] : null_rows)
    record["nulls"][name] = figures_of(of_null, task, {0, options.seed});
  record["seconds"] = watch.seconds();
  record["pictures_per_second"] = static_cast<double>(rows.size()) / reading_seconds;
  write_rows(rows, task);
  if (!plot_.empty()) {
    require<UsageError>(!task.fields.empty(), "--plot: {} has no fields with a confidence", dataset_);
    const auto told = confidences_of(rows, task.fields.front().name);
    write_file(plot_, reliability_svg(reliability(told.confidence, told.right, Binning::equal_width),
                                      fmt::format("{}: {}", dataset_, task.fields.front().name)));
  }
  auto& history = call.history();
  for (const auto& [name, value] : record.items())
    if (value.is_number()) history.metric(name, 0, value.get<double>());
  if (call.json())
    call.out().write(record);
  else
    fmt::print("{}\n", record.dump(2));
  return kExitDone;
}

}  // namespace

std::unique_ptr<Verb> make_ultrasound_eval_verb() {
  return std::make_unique<UltrasoundEvalVerb>();
}

}  // namespace conclave
