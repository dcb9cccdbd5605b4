// conclave-stream eval: streams by learners over seeds, in parallel processes.
#include <fmt/format.h>

#include <atomic>
#include <mutex>
#include <sstream>
#include <thread>

#include "apps/stream/table.h"
#include "apps/stream/verbs.h"
#include "framework/base/child_process.h"
#include "framework/base/error.h"
#include "framework/base/progress.h"
#include "framework/base/signals.h"
#include "framework/base/stopwatch.h"
#include "models/stream/eval/run.h"
#include "models/stream/generators/concept_drift.h"
#include "models/stream/io/text_source.h"

namespace conclave {
namespace fs = std::filesystem;
namespace {

// One cell: a learner on a stream with a seed.
struct Cell {
  size_t stream, learner;
  uint64_t seed;
  Json result = nullptr;
};

Json run_cell(const TableStream& s, const TableLearner& learner, uint64_t seed) {
  stream::SourcePtr source;
  if (s.file.empty()) {
    Json config = s.generator;
    config["seed"] = config["model_seed"] = seed;
    source = stream::make_generator(config);
  } else {
    source = stream::open_text(s.file);
  }
  const auto made = stream::make_learner(learner.config, {source->schema(), seed, 1});
  stream::RunState state;
  stream::RunOptions options;
  options.rows = s.rows;
  stream::RunHooks hooks;
  hooks.on_progress = [](const stream::RunState&) { return !interrupted(); };
  const Stopwatch watch;
  stream::run_prequential(*source, *made, options, state, hooks);
  throw_if_interrupted();
  const double seconds = watch.seconds();
  Json line = {{"stream", s.name}, {"learner", learner.name}, {"seed", seed}, {"instances", state.rows}};
  line.update(state.evaluation.cumulative().to_json());
  line["instances_per_s"] = static_cast<double>(state.rows) / seconds;
  line["memory_bytes"] = made->bytes();
  return line;
}

class EvalVerb : public Verb {
 public:
  std::string name() const override { return "eval"; }
  std::string summary() const override {
    return "Streams by learners over seeds: means, deviations, tests by pairs";
  }
  std::string examples() const override {
    return "  conclave-stream eval assets/recipes/stream-table.toml --data DIR --threads 4 --json";
  }
  void declare(Options& options) override {
    options.positional("table", table_, "Table (TOML)").required().existing();
    options.add("data", data_, "Folder that files are looked for in");
    options.add("streams", streams_, "Only these streams");
    options.add("learners", learners_, "Only these learners");
    options.add("seeds", seeds_, "These seeds instead of the table's");
    options.add("rows", rows_, "Rows of each generated stream, instead of the table's; 0 keeps them")
        .at_least(0);
    options.add("cell", cell_,
                "Run one cell, STREAM LEARNER SEED by number, and print it (used by eval itself)");
  }
  int run(Invocation& call) override {
    recipe_ = read_table(table_, data_);
    if (!cell_.empty()) return run_one(call);
    choose();
    std::vector<Cell> cells;
    for (size_t s = 0; s < recipe_.streams.size(); ++s)
      for (size_t l = 0; l < recipe_.learners.size(); ++l)
        for (const uint64_t seed : recipe_.seeds)
          cells.push_back({wanted_streams_[s], wanted_learners_[l], seed});
    run_all(call, cells);
    summarise(call, cells);
    return 0;
  }

 private:
  int run_one(Invocation& call) {
    require<UsageError>(cell_.size() == 3 && cell_[0] >= 0 && cell_[1] >= 0 && cell_[2] >= 0 &&
                            static_cast<size_t>(cell_[0]) < recipe_.streams.size() &&
                            static_cast<size_t>(cell_[1]) < recipe_.learners.size(),
                        "--cell: no such cell");
    TableStream s = recipe_.streams[cell_[0]];
    if (rows_ > 0 && s.file.empty()) s.rows = rows_;
    call.out().write(run_cell(s, recipe_.learners[cell_[1]], static_cast<uint64_t>(cell_[2])));
    return 0;
  }

  // Keeps what was asked for; remembers the places in the file, which --cell means.
  void choose() {
    const auto keep = [](auto& list, const std::vector<std::string>& names, std::vector<size_t>& places) {
      for (const auto& name : names)
        require<UsageError>(
            std::any_of(list.begin(), list.end(), [&](const auto& one) { return one.name == name; }),
            "the table has no '{}'", name);
      std::remove_reference_t<decltype(list)> kept;
      for (size_t i = 0; i < list.size(); ++i) {
        if (!names.empty() && std::find(names.begin(), names.end(), list[i].name) == names.end()) continue;
        places.push_back(i);
        kept.push_back(list[i]);
      }
      list = std::move(kept);
    };
    keep(recipe_.streams, streams_, wanted_streams_);
    keep(recipe_.learners, learners_, wanted_learners_);
    if (!seeds_.empty()) recipe_.seeds.assign(seeds_.begin(), seeds_.end());
    for (const auto& s : recipe_.streams)
      require<UsageError>(s.file.empty() || fs::exists(s.file),
                          "stream {}: no file {}; --data names its folder", s.name, s.file.string());
  }

  // A process per cell, so that one that fails takes nothing along.
  void run_all(Invocation& call, std::vector<Cell>& cells) {
    Progress progress("stream eval", static_cast<int64_t>(cells.size()), "cells");
    std::atomic<size_t> next{0};
    std::mutex lock;
    std::string failure;
    const auto work = [&] {
      for (size_t i; !interrupted() && (i = next++) < cells.size();) {
        Cell& cell = cells[i];
        try {
          const auto done = run_child({(fs::path(program_folder()) / "conclave-stream").string(), "eval",
                                       table_.string(), "--data", data_.string(), "--rows",
                                       std::to_string(rows_), "--json", "--quiet", "--no-history", "--cell",
                                       fmt::format("{},{},{}", cell.stream, cell.learner, cell.seed)});
          require(done.code == 0, "a cell ended with code {}", done.code);
          cell.result = parse_json(done.out.substr(0, done.out.find('\n')), "cell");
        } catch (const Error& e) {
          const std::lock_guard guard(lock);
          if (failure.empty()) failure = e.what();
        }
        const std::lock_guard guard(lock);
        progress.advance();
        if (call.json() && !cell.result.is_null()) call.out().write(cell.result);
      }
    };
    std::vector<std::thread> others;
    const int processes = std::min<int>(call.common().thread_count(), static_cast<int>(cells.size()));
    for (int i = 1; i < processes; ++i) others.emplace_back(work);
    work();
    for (auto& other : others) other.join();
    throw_if_interrupted();
    require(failure.empty(), "{}", failure);
  }

  // The first learner is compared with each other one.
  void summarise(Invocation& call, const std::vector<Cell>& cells) {
    for (size_t s = 0; s < recipe_.streams.size(); ++s) {
      std::vector<double> first;
      for (size_t l = 0; l < recipe_.learners.size(); ++l) {
        std::vector<double> accuracies, kappas_t, speeds;
        for (const Cell& cell : cells) {
          if (cell.stream != wanted_streams_[s] || cell.learner != wanted_learners_[l]) continue;
          accuracies.push_back(cell.result.at("accuracy"));
          kappas_t.push_back(cell.result.at("kappa_t"));
          speeds.push_back(cell.result.at("instances_per_s"));
        }
        if (l == 0) first = accuracies;
        std::vector<double> differences;
        for (size_t i = 0; i < accuracies.size(); ++i) differences.push_back(first[i] - accuracies[i]);
        tell(call, recipe_.streams[s].name, recipe_.learners[l].name, spread(accuracies),
             spread(kappas_t).mean, spread(speeds).mean, l == 0 ? 1 : wilcoxon(differences),
             spread(differences).mean);
      }
    }
  }

  void tell(Invocation& call, const std::string& stream, const std::string& learner, const Spread& accuracy,
            double kappa_t, double speed, double p, double lead) {
    call.history().metric(stream + "/" + learner, 0, accuracy.mean);
    if (call.json()) {
      call.out().write({{"summary", true},
                        {"stream", stream},
                        {"learner", learner},
                        {"seeds", accuracy.n},
                        {"accuracy_mean", accuracy.mean},
                        {"accuracy_deviation", accuracy.deviation},
                        {"kappa_t_mean", kappa_t},
                        {"instances_per_s", speed},
                        {"lead_of_first", lead},
                        {"wilcoxon_p", p}});
      return;
    }
    fmt::print("{:<12} {:<20} {:.2f} +- {:.2f} %  kappa-T {:6.2f} %  {:>8.0f} rows/s", stream, learner,
               100 * accuracy.mean, 100 * accuracy.deviation, 100 * kappa_t, speed);
    fmt::print("{}\n",
               learner == recipe_.learners[0].name
                   ? ""
                   : fmt::format("   {:+.2f} for {}, p = {:.3f}", 100 * lead, recipe_.learners[0].name, p));
    std::fflush(stdout);
  }

  fs::path table_, data_ = ".";
  std::vector<std::string> streams_, learners_;
  std::vector<int> seeds_, cell_;
  int64_t rows_ = 0;
  TableRecipe recipe_;
  std::vector<size_t> wanted_streams_, wanted_learners_;
};

}  // namespace

std::unique_ptr<Verb> make_eval_verb() {
  return std::make_unique<EvalVerb>();
}

}  // namespace conclave
