#include "apps/stream/cell.h"

#include <sstream>

#include "apps/stream/statistics.h"
#include "framework/base/error.h"
#include "framework/base/file.h"
#include "framework/base/sha256.h"
#include "framework/base/signals.h"
#include "framework/base/stopwatch.h"
#include "models/stream/base/fast_math.h"
#include "models/stream/eval/run.h"
#include "models/stream/generators/concept_drift.h"
#include "models/stream/io/text_source.h"

namespace conclave {

std::string cell_plan(const TableStream& s, const TableLearner& learner) {
  Json plan = {{"generator", s.generator},
               {"file", s.file.filename().string()},
               {"rows", s.rows},
               {"learner", learner.config}};
  if (s.regression) plan["regression"] = true;
  return sha256(plan.dump()).substr(0, 12);
}

Json run_cell(const TableStream& s, const TableLearner& learner, uint64_t seed) {
  stream::SourcePtr source;
  if (s.file.empty()) {
    Json config = s.generator;
    config["seed"] = config["model_seed"] = seed;
    source = stream::make_generator(config);
  } else {
    stream::ReaderOptions reader;
    reader.regression = s.regression;
    source = stream::open_text(s.file, reader);
  }
  const auto made = stream::make_learner(learner.config, {source->schema(), seed, 1});
  stream::RunState state;
  stream::RunOptions options;
  options.rows = s.rows;
  stream::RunHooks hooks;
  hooks.on_progress = [](const stream::RunState&) { return !interrupted(); };
  std::vector<bool> right;
  if (!s.file.empty() && !s.regression) {
    hooks.on_votes = [&](const stream::RowBlock& block, const double* votes) {
      const int classes = made->classes();
      for (size_t i = 0; i < block.size(); ++i)
        if (const int label = block.label(i); label >= 0)
          right.push_back(stream::arg_max(votes + i * classes, classes) == label);
    };
  }
  const Stopwatch watch;
  stream::run_prequential(*source, *made, options, state, hooks);
  throw_if_interrupted();
  const double seconds = watch.seconds();
  Json line = {{"stream", s.name}, {"learner", learner.name}, {"seed", seed}, {"instances", state.rows}};
  line.update(s.regression ? state.regression.cumulative().to_json()
                           : state.evaluation.cumulative().to_json());
  line["instances_per_s"] = static_cast<double>(state.rows) / seconds;
  line["memory_bytes"] = made->bytes();
  line["plan"] = cell_plan(s, learner);
  if (!right.empty()) line["right"] = hex_of_bits(right);
  return line;
}

std::vector<Json> read_results(const std::filesystem::path& file) {
  std::vector<Json> lines;
  std::istringstream in(read_file(file));
  int number = 0;
  for (std::string text; std::getline(in, text);) {
    ++number;
    if (text.empty()) continue;
    const Json line = Json::parse(text, nullptr, false);
    const auto is = [&](const char* key, auto kind) { return line.contains(key) && (line[key].*kind)(); };
    if (!line.is_object() || !is("stream", &Json::is_string) || !is("learner", &Json::is_string) ||
        !is("seed", &Json::is_number_unsigned) ||
        !(is("accuracy", &Json::is_number) || is("mae", &Json::is_number)))
      throw DataError(file.string(), fmt::format("line {}", number),
                      "is no result: stream, learner, seed and accuracy (or mae) are needed");
    lines.push_back(line);
  }
  return lines;
}

CellResults::CellResults(const std::filesystem::path& file) {
  if (file.empty()) return;
  out_ = std::make_unique<JsonLines>(file, "stream");  // takes a cut last line away
  for (const Json& line : read_results(file)) done_[{line["stream"], line["learner"], line["seed"]}] = line;
}

Json CellResults::find(const std::string& stream, const std::string& learner, uint64_t seed,
                       const std::string& plan) const {
  const auto found = done_.find({stream, learner, seed});
  return found != done_.end() && found->second.value("plan", "") == plan ? found->second : Json();
}

void CellResults::add(const Json& result) {
  if (out_) out_->write(result);
}

}  // namespace conclave
