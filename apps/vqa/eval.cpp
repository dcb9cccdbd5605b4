#include "apps/vqa/eval.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <optional>
#include <unordered_map>

#include "apps/common/app.h"
#include "apps/routing/routing_rows.h"
#include "apps/vqa/answer_record.h"
#include "datasets/vqa_bag_of_words.h"
#include "datasets/vqa_baselines.h"
#include "datasets/vqa_bootstrap.h"
#include "datasets/vqa_exports.h"
#include "framework/base/error.h"
#include "framework/base/file.h"
#include "framework/base/log.h"
#include "framework/base/progress.h"
#include "framework/base/signals.h"
#include "framework/base/stopwatch.h"

namespace conclave {
namespace fs = std::filesystem;
namespace {

constexpr int64_t kResamples = 10000;

// Guesses that need no picture, as the record names them and as people read them.
constexpr std::pair<const char*, const char*> kBaselineWords[] = {
    {"majority", "most frequent answer"},
    {"question_prefix_majority", "most frequent answer to the same first four words"},
    {"question_only_majority", "most frequent answer to the same question"},
    {"bag_of_words", "regression over the words of the question"}};

using Baselines = std::map<std::string, VqaScores>;

// The scores of answers that need no picture, learned from the training split; empty when there is none.
Baselines baselines_of(const std::string& name, const fs::path& folder, const VqaSet& set, uint64_t seed) {
  Baselines baselines;
  try {
    const VqaSet train = load_vqa(name, folder, set.split.ends_with("-single") ? "train-single" : "train");
    const std::pair<const char*, int> kinds[] = {
        {"majority", 0}, {"question_prefix_majority", 4}, {"question_only_majority", kWholeQuestion}};
    for (const auto& [kind, words] : kinds)
      baselines[kind] = score_vqa(set, MajorityBaseline(train, words).answer_all(set));
    baselines["bag_of_words"] = score_vqa(set, BagOfWords(train, seed).answer_all(set));
  } catch (const Error& e) {
    log_warning("no baselines: {}", e.what());
  }
  return baselines;
}

// The model against the best of them, which was picked by the same questions: a hard comparison.
Json against_blind(const VqaSet& set, const VqaScores& scores, const Baselines& baselines, uint64_t seed) {
  const auto best =
      std::ranges::max_element(baselines, {}, [](const auto& baseline) { return baseline.second.score; });
  const auto more = bootstrap_difference(set, scores, best->second, kResamples, seed);
  return {{"baseline", best->first},       {"accuracy", best->second.score},
          {"difference", more.difference}, {"interval", {more.low, more.high}},
          {"groups", more.groups},         {"resamples", kResamples}};
}

// One answer for all samples of a group: the one with the most probability in their pictures.
VqaPredictions voted(const VqaSet& set, const VqaPredictions& predictions,
                     const std::unordered_map<std::string, double>& confidence) {
  std::map<std::string, std::map<std::string, double>> votes;
  for (const auto& sample : set.samples) {
    if (const auto found = predictions.find(sample.id); found != predictions.end())
      votes[sample.group][found->second] += confidence.at(sample.id);
  }
  VqaPredictions all;
  for (const auto& sample : set.samples) {
    const std::string* best = nullptr;
    double most = -1;
    for (const auto& [answer, vote] : votes[sample.group]) {
      if (vote > most) best = &answer, most = vote;
    }
    if (best) all[sample.id] = *best;
  }
  return all;
}

VqaInput asked_of(const VqaSample& sample, bool pictures) {
  VqaInput asked{sample.id, {{}, sample.question}, {}, nullptr};
  if (!pictures) return asked;
  asked.query.pictures = sample.images;
  for (const auto& image : sample.images) asked.image_names.push_back(image.string());
  return asked;
}

// What the model said to the questions of a set.
struct Answers {
  VqaPredictions text;
  std::unordered_map<std::string, double> confidence;
  Trace trace;
  int64_t failed = 0;
  double seconds = 0;

  void add(const VqaInput& asked, const VqaAnswer& answer) {
    if (answer.error) {
      if (failed++ == 0) log_warning("{}", answer_text(asked, answer, {}, true));
    } else {
      text[asked.id] = answer.top.front().first;
      confidence[asked.id] = answer.top.front().second;
    }
    trace.merge(answer.trace);
  }
};

// Everything that is told of an evaluation, beside its record.
struct Result {
  VqaScores scores;
  std::optional<VqaScores> vote;
  Baselines baselines;
};

Json record_of(const Result& result, const Answers& answers, const Json& about) {
  Json record = about;
  record["accuracy"] = result.scores.score;
  record["n"] = result.scores.samples;
  record["metric"] = result.scores.metric;
  if (result.scores.consistency) record["consistency"] = *result.scores.consistency;
  if (result.vote) {
    record["vote"] = {{"accuracy", result.vote->score}};
    if (result.vote->consistency) record["vote"]["consistency"] = *result.vote->consistency;
  }
  record["baselines"] = Json::object();
  for (const auto& [name, baseline] : result.baselines) record["baselines"][name] = baseline.score;
  record["failed"] = answers.failed;
  record["seconds"] = answers.seconds;
  record["questions_per_second"] = static_cast<double>(result.scores.samples) / answers.seconds;
  record["router"] = answers.trace.loads();
  return record;
}

void keep(RunWriter& history, const Result& result, const Answers& answers, const std::string& split) {
  history.describe_metric("accuracy", "", "max");
  history.metric("accuracy", 0, result.scores.score);
  history.metric("n", 0, static_cast<double>(result.scores.samples));
  if (result.scores.consistency) history.metric("consistency", 0, *result.scores.consistency);
  if (result.vote) history.metric("vote_accuracy", 0, result.vote->score);
  for (const auto& [name, baseline] : result.baselines) history.metric(name, 0, baseline.score);
  history.metric("questions_per_second", 0, static_cast<double>(result.scores.samples) / answers.seconds);
  history.routing(split, 0, routing_rows(answers.trace));
}

std::string words_of(const std::string& baseline) {
  const auto* found =
      std::ranges::find_if(kBaselineWords, [&](const auto& kind) { return baseline == kind.first; });
  return fmt::format("\"{}\"", found == std::end(kBaselineWords) ? baseline.c_str() : found->second);
}

void print(const Json& record, const Answers& answers) {
  const auto percent = [](const Json& share) { return 100 * share.get<double>(); };
  fmt::print("{} {}: {} {:.2f} % of {} questions ({})\n", record["dataset"].get<std::string>(),
             record["split"].get<std::string>(), record["metric"].get<std::string>(),
             percent(record["accuracy"]), record["n"].get<int64_t>(), record["model"].get<std::string>());
  if (record.contains("consistency")) fmt::print("  consistency {:.2f} %\n", percent(record["consistency"]));
  if (record.contains("vote")) fmt::print("  voting {:.2f} %\n", percent(record["vote"]["accuracy"]));
  for (const auto& [name, words] : kBaselineWords)
    if (record["baselines"].contains(name))
      fmt::print("  {} {:.2f} %\n", words, percent(record["baselines"][name]));
  if (record.contains("against_blind")) {
    const auto& against = record["against_blind"];
    fmt::print(
        "  {:+.2f} points against {}, 95 % interval {:+.2f} to {:+.2f} (paired bootstrap of {} groups)\n",
        percent(against["difference"]), words_of(against["baseline"]), percent(against["interval"][0]),
        percent(against["interval"][1]), against["groups"].get<int64_t>());
  }
  fmt::print("  picture tokens: {}   words: {}\n", busiest_experts(answers.trace, Modality::vision),
             busiest_experts(answers.trace, Modality::text));
  fmt::print("  {:.1f} questions/s\n", record["questions_per_second"].get<double>());
}

}  // namespace

fs::path set_folder(const fs::path& dir, const std::string& name) {
  return fs::is_directory(dir / name) ? dir / name : dir;
}

VqaSet load_set(const std::string& name, const fs::path& dir, const std::string& split) {
  const fs::path folder = set_folder(dir, name);
  try {
    return load_vqa(name, folder, split);
  } catch (const DataError& e) {
    if (folder != dir || dir.filename() == name) throw;
    throw Error(fmt::format("{} ({} has no folder {}/ either; docs/datasets.md shows the layouts)", e.what(),
                            dir.string(), name));
  }
}

std::pair<std::string, fs::path> parse_export(const std::string& text) {
  const size_t at = text.find('=');
  require<UsageError>(at != text.npos && at > 0 && at + 1 < text.size(),
                      "--export {}: FORMAT=FILE is wanted, FORMAT one of vqav2, lmms-eval, vlmevalkit, nlvr",
                      text);
  return {text.substr(0, at), text.substr(at + 1)};
}

std::string EvalVerb::examples() const {
  return "conclave-vqa eval --dataset nlvr --data DIR --split dev --json\n"
         "conclave-vqa eval --dataset easy-vqa --data DIR --split test --export vqav2=answers.json";
}

void EvalVerb::declare(Options& options) {
  options.add("dataset", dataset_, "Which data set").required().choices(vqa_set_names());
  options.add("data", data_, "Its folder, or the folder that this one is in").required().existing();
  options.add("split", split_, "Its split: train, dev or test; daquar: train-single or test-single too")
      .required();
  options.add("limit", limit_, "Samples to take from the beginning; 0: all").at_least(0);
  options.add("blank-pictures", blank_, "Show grey in place of every picture").group("Ablations");
  options.add("no-pictures", no_pictures_, "Ask without pictures").group("Ablations");
  options.add("vote", vote_, "Also let the samples of a group vote on one answer (NLVR's six pictures)");
  ask_.declare(options);
  options.add("predictions", predictions_, "File for each sample's record, as run writes it").group("Files");
  options
      .add("export", exports_,
           "FORMAT=FILE for other tools: vqav2, lmms-eval, vlmevalkit, nlvr; may be repeated")
      .group("Files");
}

int EvalVerb::run(Invocation& call) {
  std::vector<std::pair<std::string, fs::path>> exports;
  for (const auto& text : exports_) exports.push_back(parse_export(text));
  require<UsageError>(predictions_.empty() || !fs::exists(predictions_), "--predictions {}: is there already",
                      predictions_.string());
  VqaSet set = load_set(dataset_, data_, split_);
  if (limit_ > 0 && set.samples.size() > static_cast<size_t>(limit_))
    set.samples.resize(static_cast<size_t>(limit_));
  for (const auto& [format, file] : exports)
    export_vqa(format, set, {});  // a wrong one fails before the work
  for (const auto& sample : set.samples)
    require<UsageError>(!sample.answers.empty(), "{} {}: question {} has no answer to compare with", dataset_,
                        split_, sample.id);
  const VqaModel model = ask_.load(call);
  const auto predictions_out =
      predictions_.empty() ? nullptr : std::make_unique<JsonLines>(predictions_, "question_id");

  Answers answers;
  {
    VqaOptions options = ask_.engine_of(model);
    options.blank_pictures = blank_;
    VqaEngine engine(model, options);
    ask_.begin(call);
    Progress progress(fmt::format("eval {} {}", dataset_, split_), static_cast<int64_t>(set.samples.size()),
                      "questions");
    const Stopwatch watch;
    const auto batch = static_cast<size_t>(options.batch);
    for (size_t first = 0; first < set.samples.size(); first += batch) {
      throw_if_interrupted();
      std::vector<VqaInput> asked;
      std::vector<VqaQuery> queries;
      for (size_t i = first; i < std::min(first + batch, set.samples.size()); ++i) {
        asked.push_back(asked_of(set.samples[i], !no_pictures_));
        queries.push_back(asked.back().query);
      }
      const auto batch_answers = engine.answer(queries);
      for (size_t i = 0; i < batch_answers.size(); ++i) {
        const auto& answer = batch_answers[i];
        answers.add(asked[i], answer);
        if (predictions_out)
          predictions_out->write(answer_record(asked[i], answer, model, call.common().seed));
      }
      progress.advance(static_cast<int64_t>(asked.size()));
    }
    answers.seconds = watch.seconds();
  }

  Result result{score_vqa(set, answers.text),
                {},
                baselines_of(dataset_, set_folder(data_, dataset_), set, call.common().seed)};
  if (vote_) result.vote = score_vqa(set, voted(set, answers.text, answers.confidence));
  Json record = record_of(result, answers,
                          {{"dataset", dataset_},
                           {"split", split_},
                           {"model", model.name},
                           {"pictures", no_pictures_ ? "none"
                                        : blank_     ? "blank"
                                                     : "shown"}});
  if (!ask_.masked.empty()) record["masked_experts"] = ask_.masked;
  if (!result.baselines.empty())
    record["against_blind"] = against_blind(set, result.scores, result.baselines, call.common().seed);

  auto& history = call.history();
  keep(history, result, answers, split_);
  for (const auto& [format, file] : exports) {
    write_file(file, export_vqa(format, set, answers.text));
    history.output(file, format);
  }
  if (predictions_out) history.output(predictions_, "answers");
  if (call.json()) {
    call.out().write(record);
  } else {
    print(record, answers);
  }
  if (answers.failed > 0)
    log_error("{} questions could not be answered; they count as wrong", answers.failed);
  return answers.failed > 0 ? kExitFailed : kExitDone;
}

int EvalVerb::dry_run(Invocation& call) {
  const VqaSet set = load_set(dataset_, data_, split_);
  const VqaModel model = ask_.load(call);
  int64_t missing = 0;
  for (const auto& sample : set.samples)
    for (const auto& image : sample.images)
      if (!fs::is_regular_file(image) && ++missing <= 10) log_warning("{}: no such file", image.string());
  fmt::print("{} {}: {} questions for {}, {} pictures are missing\n", dataset_, split_, set.samples.size(),
             model.name, missing);
  return missing > 0 ? kExitFailed : kExitDone;
}

}  // namespace conclave
