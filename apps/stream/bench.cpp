// conclave-stream bench: rows a second, from memory and from text, beside other libraries.
#include <fmt/format.h>

#include <unistd.h>
#include <algorithm>

#include <filesystem>
#include <sstream>

#include "apps/stream/verbs.h"
#include "framework/base/child_process.h"
#include "framework/base/error.h"
#include "framework/base/file.h"
#include "framework/base/log.h"
#include "framework/base/signals.h"
#include "framework/base/stopwatch.h"
#include "models/stream/eval/run.h"
#include "models/stream/generators/concept_drift.h"
#include "models/stream/io/row_writer.h"
#include "models/stream/io/text_source.h"

namespace conclave {
namespace fs = std::filesystem;
namespace {

const std::map<std::string, Json>& bench_streams() {
  static const std::map<std::string, Json> kStreams = {
      {"sea", {{"generator", "sea"}}},
      {"led", {{"generator", "led-drift"}, {"drift_attributes", 3}}},
      {"rbf", {{"generator", "rbf-drift"}, {"classes", 5}, {"speed", 0.0001}}},
  };
  return kStreams;
}

// Rows that lie in memory.
class Kept final : public stream::Source {
 public:
  Kept(const stream::Schema& schema, const stream::RowBlock& rows) : schema_(schema), rows_(rows) {}
  const stream::Schema& schema() const override { return schema_; }
  size_t read(stream::RowBlock& block, size_t most) override {
    const size_t n = std::min(most, rows_.size() - place_);
    block.width = rows_.width;
    block.x.assign(rows_.x.begin() + static_cast<int64_t>(place_ * rows_.width),
                   rows_.x.begin() + static_cast<int64_t>((place_ + n) * rows_.width));
    block.y.assign(rows_.y.begin() + static_cast<int64_t>(place_),
                   rows_.y.begin() + static_cast<int64_t>(place_ + n));
    place_ += n;
    return n;
  }

 private:
  const stream::Schema& schema_;
  const stream::RowBlock& rows_;
  size_t place_ = 0;
};

// A file that goes away.
class TemporaryFile {
 public:
  TemporaryFile() : path_(fs::temp_directory_path() / fmt::format("conclave-bench-{}.arff", ::getpid())) {}
  ~TemporaryFile() {
    std::error_code ignored;
    fs::remove(path_, ignored);
  }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

struct Speed {
  double per_second = 0, accuracy = 0;
};

class BenchVerb : public Verb {
 public:
  std::string name() const override { return "bench"; }
  std::string summary() const override {
    return "Rows a second, beside MOA and river where they are installed";
  }
  std::string examples() const override {
    return "  CONCLAVE_PEERS=venv/bin/python scripts/bench stream --json";
  }
  void declare(Options& options) override {
    std::vector<std::string> streams;
    for (const auto& [name, config] : bench_streams()) streams.push_back(name);
    options.add("streams", streams_, "Streams").choices(streams);
    options.add("learners", learners_, "Learners").choices(stream::learner_names());
    options.add("rows", rows_, "Rows of each stream").at_least(1000);
    options.add("repeats", repeats_, "Times; the quickest counts").range(1, 100);
    options.add("peers", peers_, "The program that measures the others (scripts/stream-peers)");
    options.add("python", python_, "The Python to run it with");
  }
  int run(Invocation& call) override {
    call.begin();
    for (const auto& name : streams_) {
      const auto generator = stream::make_generator(bench_streams().at(name));
      stream::RowBlock rows;
      generator->read(rows, static_cast<size_t>(rows_));
      std::map<std::string, double> ours;
      for (const auto& learner : learners_) {
        throw_if_interrupted();
        const Speed speed =
            measure(call, learner, [&] { return std::make_unique<Kept>(generator->schema(), rows); });
        ours[learner] = speed.per_second;
        tell(call, {{"stream", name},
                    {"by", "conclave"},
                    {"learner", learner},
                    {"rows", rows_},
                    {"instances_per_s", speed.per_second},
                    {"accuracy", speed.accuracy}});
      }
      TemporaryFile file;
      std::string text = header_text(generator->schema(), stream::TextFormat::arff);
      append_rows(generator->schema(), rows, stream::TextFormat::arff, text);
      write_file(file.path(), text);
      const Speed parsed = measure(call, "hoeffding-tree", [&] { return stream::open_text(file.path()); });
      tell(call, {{"stream", name},
                  {"by", "conclave"},
                  {"learner", "hoeffding-tree"},
                  {"from", "arff"},
                  {"rows", rows_},
                  {"instances_per_s", parsed.per_second},
                  {"accuracy", parsed.accuracy}});
      compare(call, name, file.path(), ours);
    }
    return 0;
  }

 private:
  template <class Open>
  Speed measure(Invocation& call, const std::string& name, const Open& open) const {
    Speed best;
    for (int i = 0; i < repeats_; ++i) {
      const auto source = open();
      const auto learner =
          stream::make_learner({{"learner", name}}, {source->schema(), call.common().seed, threads(call)});
      stream::RunState state;
      stream::RunOptions options;
      options.every = int64_t{1} << 40;
      const Stopwatch watch;
      stream::run_prequential(*source, *learner, options, state);
      const double seconds = watch.seconds();
      best.per_second = std::max(best.per_second, static_cast<double>(state.rows) / seconds);
      best.accuracy = state.evaluation.cumulative().accuracy;
    }
    return best;
  }
  // Peers have one thread, so we have one unless more were asked for.
  static int threads(const Invocation& call) { return std::max(1, call.common().threads); }

  void compare(Invocation& call, const std::string& name, const fs::path& file,
               const std::map<std::string, double>& ours) const {
    const std::string python = peers_.empty() ? "" : find_program(python_);
    if (peers_.empty() || python.empty()) {
      log_warning("{}: no peers measured: {}", name,
                  peers_.empty() ? "--peers names none" : "no such Python: " + python_);
      return;
    }
    const auto done = run_child({python, peers_.string(), file.string()});
    if (done.code != 0) log_warning("{}: the peers' program ended with code {}", name, done.code);
    std::istringstream lines(done.out);
    for (std::string text; std::getline(lines, text);) {
      const Json peer = Json::parse(text, nullptr, false);
      if (!peer.is_object() || !peer.contains("peer")) continue;  // the other library's own words
      Json line = {{"stream", name}, {"by", peer["peer"]}};
      line.update(peer);
      line.erase("peer");
      if (peer.contains("missing")) {
        log_warning("{} is not installed and was not measured: {}", peer["peer"].get<std::string>(),
                    peer["missing"].get<std::string>());
      } else if (const auto own = ours.find(peer["learner"].get<std::string>()); own != ours.end()) {
        line["ratio"] = own->second / peer["instances_per_s"].get<double>();
      }
      tell(call, line);
    }
  }

  static void tell(Invocation& call, const Json& line) {
    if (call.json()) return call.out().write(line);
    if (line.contains("missing")) return;
    fmt::print("{:<5} {:<9} {:<20} {:>10.0f} rows/s   accuracy {:.4f}{}\n", line["stream"].get<std::string>(),
               line["by"].get<std::string>(),
               line["learner"].get<std::string>() + (line.contains("from") ? " (ARFF)" : ""),
               line["instances_per_s"].get<double>(), line["accuracy"].get<double>(),
               line.contains("ratio")
                   ? fmt::format("   conclave is {:.1f} times as fast", line["ratio"].get<double>())
                   : "");
    std::fflush(stdout);
  }

  std::vector<std::string> streams_ = {"sea", "led", "rbf"}, learners_ = {"hoeffding-tree", "arf", "moe"};
  int64_t rows_ = 100000;
  int repeats_ = 3;
  fs::path peers_;
  std::string python_ = "python3";
};

}  // namespace

std::unique_ptr<Verb> make_bench_verb() {
  return std::make_unique<BenchVerb>();
}

}  // namespace conclave
