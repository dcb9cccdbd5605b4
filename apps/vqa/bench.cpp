#include "apps/vqa/bench.h"

#include <ATen/Parallel.h>
#include <fmt/core.h>

#include <algorithm>
#include <set>

#include "apps/common/app.h"
#include "apps/common/shipped.h"
#include "apps/vqa/questions.h"
#include "framework/base/child_process.h"
#include "framework/base/error.h"
#include "framework/base/log.h"
#include "framework/base/process_memory.h"
#include "framework/base/signals.h"
#include "framework/base/stopwatch.h"
#include "framework/score/median.h"
#include "framework/tensor/device.h"

namespace conclave {
namespace fs = std::filesystem;
namespace {

constexpr double kMegabyte = 1 << 20;

std::vector<VqaQuery> read_queries(const fs::path& file) {
  std::vector<VqaQuery> queries;
  const auto questions = open_questions({{}, {}, {file}});
  while (auto asked = questions->next()) {
    if (asked->error) std::rethrow_exception(asked->error);
    queries.push_back(std::move(asked->query));
  }
  require<UsageError>(!queries.empty(), "{}: has no questions", file.string());
  return queries;
}

// Every question about every picture: what a cache of read pictures is for.
std::vector<VqaQuery> all_about_each(const std::vector<VqaQuery>& queries) {
  std::set<std::vector<fs::path>> pictures;
  for (const auto& query : queries) pictures.insert(query.pictures);
  std::vector<VqaQuery> all;
  for (const auto& set : pictures) {
    for (const auto& query : queries) all.push_back({set, query.question});
  }
  return all;
}

void answer_all(VqaEngine& engine, std::span<const VqaQuery> queries) {
  throw_if_interrupted();
  for (const auto& answer : engine.answer(queries)) {
    if (answer.error) std::rethrow_exception(answer.error);
  }
}

struct Speed {
  double questions_per_second, first_answer_ms, next_answer_ms;
};

// An engine begins with an empty cache, so each round has its own.
Speed measure(const VqaModel& model, const VqaOptions& options, const std::vector<VqaQuery>& queries,
              double seconds) {
  const auto all = all_about_each(queries);
  const auto round = [&] {
    VqaEngine engine(model, options);
    answer_all(engine, all);
  };
  round();  // kernels are made for each new shape
  const Stopwatch rates;
  int64_t rounds = 0;
  for (; rounds == 0 || rates.seconds() < seconds; ++rounds) round();
  const double per_second = static_cast<double>(rounds * static_cast<int64_t>(all.size())) / rates.seconds();

  std::vector<double> first, next;
  const Stopwatch answers;
  while (first.empty() || answers.seconds() < seconds / 2) {
    for (const auto& query : queries) {
      VqaEngine engine(model, options);
      const VqaQuery other{query.pictures, queries.front().question};
      for (auto [asked, times] : {std::pair{&query, &first}, {&other, &next}}) {
        const Stopwatch one;
        answer_all(engine, {asked, 1});
        times->push_back(one.ms());
      }
    }
  }
  return {per_second, median(first), median(next)};
}

}  // namespace

std::string BenchVerb::examples() const {
  return "conclave-vqa bench --json\n"
         "conclave-vqa bench --model runs/small --input questions.jsonl --seconds 10";
}

void BenchVerb::declare(Options& options) {
  ask_.declare(options);
  options.add("input", input_,
              "Questions as run reads them (default: the shipped ones); each is asked about each picture");
  options.add("seconds", seconds_, "How long each rate is measured, at least once through").range(0, 3600);
  options.add("starts", starts_, "Programs to start for the start-up time; 0: none").range(0, 1000);
}

// A program of its own, from nothing to the answer of one question.
void BenchVerb::start_up(Invocation& call, const VqaQuery& query, int threads) const {
  std::vector<std::string> words = {(fs::path(program_folder()) / "conclave-vqa").string(),
                                    "run",
                                    "--json",
                                    "--no-history",
                                    "--threads",
                                    std::to_string(threads),
                                    "--device",
                                    call.common().device,
                                    "--question",
                                    query.question};
  if (!ask_.model.empty()) words.insert(words.end(), {"--model", ask_.model.string()});
  for (const auto& picture : query.pictures) words.insert(words.end(), {"--image", picture.string()});
  std::vector<double> first, end;
  int64_t memory = 0;
  for (int64_t i = 0; i < starts_; ++i) {
    throw_if_interrupted();
    const auto done = run_child(words);
    require(done.code == kExitDone, "{} run ended with code {}", words[0], done.code);
    first.push_back(done.first_out_ms);
    end.push_back(done.ms);
    memory = std::max(memory, done.peak_memory);
  }
  const Json record = {
      {"measure", "start_up"},  {"threads", threads},          {"first_answer_ms", median(first)},
      {"exit_ms", median(end)}, {"peak_memory_bytes", memory}, {"starts", starts_}};
  call.history().metric(fmt::format("start_up_ms_{}_threads", threads), 0, median(first));
  if (call.json()) return call.out().write(record);
  fmt::print("start-up   {:2} threads   first answer {:6.1f} ms   end {:6.1f} ms   {:5.0f} MB\n", threads,
             median(first), median(end), static_cast<double>(memory) / kMegabyte);
  std::fflush(stdout);
}

// The same questions with the pictures read for each question, and once for all.
void BenchVerb::questions(Invocation& call, const VqaModel& model, const std::vector<VqaQuery>& queries,
                          int threads) const {
  double uncached = 0;
  for (const bool cache : {false, true}) {
    VqaOptions options = ask_.engine_of(model);
    options.share_pictures = cache;
    reset_peak_memory();
    const Speed speed = measure(model, options, queries, seconds_);
    const int64_t memory = peak_memory();
    if (!cache) uncached = speed.questions_per_second;
    call.history().metric(fmt::format("questions_per_second_{}_threads{}", threads, cache ? "_cached" : ""),
                          0, speed.questions_per_second);
    if (call.json()) {
      call.out().write({{"measure", "questions"},
                        {"threads", threads},
                        {"cache", cache},
                        {"questions_per_second", speed.questions_per_second},
                        {"times_uncached", speed.questions_per_second / uncached},
                        {"first_answer_ms", speed.first_answer_ms},
                        {"next_answer_ms", speed.next_answer_ms},
                        {"peak_memory_bytes", memory},
                        {"batch", options.batch},
                        {"model", model.name}});
      continue;
    }
    fmt::print(
        "questions  {:2} threads  cache {:3}   {:7.1f} a second ({:.2f} times)   first {:6.1f} ms   next "
        "{:6.1f} ms   {:5.0f} MB\n",
        threads, cache ? "on" : "off", speed.questions_per_second, speed.questions_per_second / uncached,
        speed.first_answer_ms, speed.next_answer_ms, static_cast<double>(memory) / kMegabyte);
    std::fflush(stdout);
  }
}

int BenchVerb::run(Invocation& call) {
  if (input_.empty()) input_ = shipped("samples") / "questions.jsonl";
  const auto queries = read_queries(input_);
  set_threads(call.common().threads);
  const std::set<int> thread_counts = {1, at::get_num_threads()};
  // Before the model is loaded: a child's memory counts from what this process has when it starts it.
  for (const int threads : thread_counts) {
    if (starts_ > 0) start_up(call, queries.front(), threads);
  }
  const VqaModel model = ask_.load(call);
  ask_.begin(call);
  log_info("bench: {} measurements of {:.0f} s or once through {} questions, what is longer",
           2 * thread_counts.size(), 1.5 * seconds_, all_about_each(queries).size());
  for (const int threads : thread_counts) {
    set_threads(threads);
    questions(call, model, queries, threads);
  }
  return kExitDone;
}

}  // namespace conclave
