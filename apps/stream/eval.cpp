// conclave-stream eval: streams by learners over seeds, in parallel processes.
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>

#include "apps/stream/cell.h"
#include "apps/stream/statistics.h"
#include "apps/stream/verbs.h"
#include "framework/base/child_process.h"
#include "framework/base/error.h"
#include "framework/base/progress.h"
#include "framework/base/signals.h"

namespace conclave {
namespace fs = std::filesystem;
namespace {

// A cell by its places in the file.
struct Cell {
  size_t stream, learner;
  uint64_t seed;
  std::string stream_name, learner_name, plan;
  Json result = nullptr;
};

// What one learner came to on a stream.
struct Row {
  std::string learner;
  bool ours = true, past_labels = false;
  std::map<uint64_t, Json> by_seed;

  std::vector<double> values(const char* key) const {
    std::vector<double> list;
    for (const auto& [seed, result] : by_seed)
      if (result.contains(key) && result[key].is_number()) list.push_back(result[key]);
    return list;
  }
};

// One row beside the table's first.
struct Comparison {
  std::vector<double> leads;  // by seed that both have
  double mcnemar_p = 1;       // the largest over seeds; 1 when rows are not known one by one
};

Comparison compare(const TableStream& stream, const Row& first, const Row& other) {
  Comparison c;
  double largest = 0;
  bool rows_known = false;
  for (const auto& [seed, result] : other.by_seed) {
    const auto own = first.by_seed.find(seed);
    const char* measure = stream.measure();
    if (own == first.by_seed.end() || !own->second[measure].is_number() || !result.contains(measure) ||
        !result[measure].is_number())
      continue;
    const double lead = own->second[measure].get<double>() - result[measure].get<double>();
    c.leads.push_back(stream.regression ? -lead : lead);
    if (!result.contains("right") || !own->second.contains("right")) continue;
    rows_known = true;
    largest = std::max(largest,
                       mcnemar(own->second["right"].get<std::string>(), result["right"].get<std::string>()));
  }
  if (rows_known) c.mcnemar_p = largest;
  return c;
}

class EvalVerb : public Verb {
 public:
  std::string name() const override { return "eval"; }
  std::string summary() const override {
    return "Streams by learners over seeds: means, deviations, tests by pairs";
  }
  std::string examples() const override {
    return "  conclave-stream eval assets/recipes/stream-table.toml --data DIR --results runs.jsonl\n"
           "  scripts/stream-table-peers assets/recipes/stream-table.toml --data DIR --out peers.jsonl\n"
           "  conclave-stream eval assets/recipes/stream-table.toml --data DIR --results runs.jsonl --peers "
           "peers.jsonl";
  }
  void declare(Options& options) override {
    options.positional("table", table_, "Table (TOML)").required().existing();
    options.add("data", data_, "Folder that files are looked for in");
    options.add("streams", streams_, "Only this stream; may be repeated");
    options.add("learners", learners_, "Only this learner; may be repeated");
    options.add("seeds", seeds_, "These seeds instead of the table's");
    options.add("rows", rows_, "Rows of each generated stream, instead of the table's; 0 keeps them")
        .at_least(0);
    options.add("results", results_, "File of finished runs (JSON lines): these are not run again");
    options.add("peers", peers_, "Other libraries' runs (JSON lines), to compare with").existing();
    options.add("cell", cell_,
                "Run one cell, STREAM LEARNER SEED by number, and print it (used by eval itself)");
  }
  int run(Invocation& call) override {
    recipe_ = read_table(table_, data_);
    for (auto& s : recipe_.streams)
      if (rows_ > 0 && s.file.empty()) s.rows = rows_;
    if (!cell_.empty()) return run_one(call);
    choose();
    std::vector<Cell> cells;
    for (size_t s = 0; s < recipe_.streams.size(); ++s)
      for (size_t l = 0; l < recipe_.learners.size(); ++l)
        for (const uint64_t seed : recipe_.seeds)
          cells.push_back({wanted_streams_[s], wanted_learners_[l], seed, recipe_.streams[s].name,
                           recipe_.learners[l].name, cell_plan(recipe_.streams[s], recipe_.learners[l])});
    call.begin();
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
    call.out().write(
        run_cell(recipe_.streams[cell_[0]], recipe_.learners[cell_[1]], static_cast<uint64_t>(cell_[2])));
    return 0;
  }

  template <class List>
  static std::string names_of(const List& list) {
    std::string names;
    for (const auto& one : list) names += (names.empty() ? "" : ", ") + one.name;
    return names;
  }

  // Keeps what was asked for; remembers the places in the file, which --cell means.
  void choose() {
    const auto keep = [](auto& list, const std::vector<std::string>& names, std::vector<size_t>& places) {
      for (const auto& name : names)
        require<UsageError>(
            std::any_of(list.begin(), list.end(), [&](const auto& one) { return one.name == name; }),
            "the table has no '{}'; it has {}", name, names_of(list));
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
    CellResults results(results_);
    Progress progress("stream eval", static_cast<int64_t>(cells.size()), "cells");
    std::atomic<size_t> next{0};
    std::mutex lock;
    std::string failure;
    const auto work = [&] {
      for (size_t i; !interrupted() && (i = next++) < cells.size();) {
        Cell& cell = cells[i];
        cell.result = results.find(cell.stream_name, cell.learner_name, cell.seed, cell.plan);
        const bool known = !cell.result.is_null();
        try {
          if (!known) cell.result = run_in_child(cell);
        } catch (const Error& e) {
          const std::lock_guard guard(lock);
          if (failure.empty()) failure = e.what();
        }
        const std::lock_guard guard(lock);
        progress.advance();
        if (cell.result.is_null()) continue;
        if (!known) results.add(cell.result);
        if (call.json()) {
          Json line = cell.result;
          line.erase("right");
          call.out().write(line);
        }
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

  Json run_in_child(const Cell& cell) const {
    const auto done =
        run_child({(fs::path(program_folder()) / "conclave-stream").string(), "eval", table_.string(),
                   "--data", data_.string(), "--rows", std::to_string(rows_), "--json", "--quiet",
                   "--no-history", "--cell", fmt::format("{},{},{}", cell.stream, cell.learner, cell.seed)});
    require(done.code == 0, "a cell ended with code {}", done.code);
    return parse_json(done.out.substr(0, done.out.find('\n')), "cell");
  }

  // The first learner is compared with each other one.
  void summarise(Invocation& call, const std::vector<Cell>& cells) {
    const auto peers = peers_.empty() ? std::vector<Json>() : read_results(peers_);
    bool any_apart = false;
    for (const auto& s : recipe_.streams) {
      const auto rows = rows_of(s, cells, peers);
      for (const Row& row : rows) {
        tell(call, s, rows.front(), row);
        any_apart |= row.past_labels;
      }
    }
    if (any_apart && !call.json())
      fmt::print("* follows past labels, or nearly so: stands apart from the others\n");
  }

  // Ours in the file's order, then the peers; those that follow past labels last.
  std::vector<Row> rows_of(const TableStream& s, const std::vector<Cell>& cells,
                           const std::vector<Json>& peers) const {
    std::vector<Row> rows;
    for (const auto& learner : recipe_.learners) {
      Row row{learner.name, true, learner.past_labels, {}};
      for (const Cell& cell : cells)
        if (cell.stream_name == s.name && cell.learner_name == learner.name)
          row.by_seed[cell.seed] = cell.result;
      rows.push_back(std::move(row));
    }
    for (const Json& peer : peers) {
      const uint64_t seed = peer["seed"];
      if (peer["stream"] != s.name || (s.rows > 0 && peer.value("instances", s.rows) != s.rows) ||
          std::find(recipe_.seeds.begin(), recipe_.seeds.end(), seed) == recipe_.seeds.end())
        continue;
      const auto name = peer["learner"].get<std::string>();
      auto row =
          std::find_if(rows.begin(), rows.end(), [&](const Row& r) { return !r.ours && r.learner == name; });
      if (row == rows.end()) row = rows.insert(rows.end(), {name, false, false, {}});
      row->by_seed[seed] = peer;
    }
    std::stable_partition(rows.begin(), rows.end(), [](const Row& row) { return !row.past_labels; });
    return rows;
  }

  void tell(Invocation& call, const TableStream& s, const Row& first, const Row& row) {
    const auto score = spread(row.values(s.measure()));
    const double speed = spread(row.values("instances_per_s")).mean;
    if (row.ours) call.history().metric(s.name + "/" + row.learner, 0, score.mean);
    const bool is_first = &first == &row;
    const auto comparison = compare(s, first, row);
    const double lead = spread(comparison.leads).mean, p = wilcoxon(comparison.leads);
    const int64_t count = row.by_seed.begin()->second.value("instances", int64_t{0});
    std::string says = verdict(comparison.leads);
    if (s.ceiling > 0 && at_ceiling(score.mean, s.ceiling, count) &&
        at_ceiling(spread(first.values(s.measure())).mean, s.ceiling, count))
      says = "tie at the ceiling";
    if (call.json()) {
      Json line = {{"summary", true},
                   {"stream", s.name},
                   {"learner", row.learner},
                   {"peer", !row.ours},
                   {"past_labels", row.past_labels},
                   {"seeds", score.n},
                   {fmt::format("{}_mean", s.measure()), score.mean},
                   {fmt::format("{}_deviation", s.measure()), score.deviation},
                   {"instances_per_s", speed}};
      for (const char* more : {"kappa_t", "rmse", "r2"})
        if (const auto values = row.values(more); !values.empty())
          line[fmt::format("{}_mean", more)] = spread(values).mean;
      if (!is_first) {
        line["pairs"] = comparison.leads.size();
        line["lead_of_first"] = lead;
        line["wilcoxon_p"] = p;
        line["first_is"] = says;
        if (comparison.mcnemar_p < 1) line["mcnemar_p"] = comparison.mcnemar_p;
      }
      call.out().write(line);
      return;
    }
    const auto mean = [&](const char* key) { return spread(row.values(key)).mean; };
    fmt::print("{:<14} {:<40} {}  {:>8.0f} rows/s", s.name, row.learner + (row.past_labels ? " *" : ""),
               s.regression ? fmt::format("MAE {:.5g} +- {:.2g}  RMSE {:.5g}  R2 {:.4f}", score.mean,
                                          score.deviation, mean("rmse"), mean("r2"))
                            : fmt::format("{:.2f} +- {:.2f} %  kappa-T {:6.2f} %", 100 * score.mean,
                                          100 * score.deviation, 100 * mean("kappa_t")),
               speed);
    if (!is_first && !comparison.leads.empty())
      fmt::print("   {} for {}, p = {:.3f}{}: {}",
                 s.regression ? fmt::format("{:+.3g}", lead) : fmt::format("{:+.2f}", 100 * lead),
                 first.learner, p,
                 comparison.mcnemar_p < 1 ? fmt::format(", McNemar {:.2g}", comparison.mcnemar_p) : "", says);
    fmt::print("\n");
    std::fflush(stdout);
  }

  fs::path table_, data_ = ".", results_, peers_;
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
