/// A table of streams by learners over seeds, from one TOML file.
#pragma once

#include <filesystem>

#include "framework/base/json.h"

namespace conclave {

/// One stream of the table.
struct TableStream {
  std::string name;
  Json generator;              ///< for stream::make_generator; "seed" and "model_seed" are put in
  std::filesystem::path file;  ///< instead of a generator
  int64_t rows = 0;            ///< 0: all of the file
  double ceiling = 0;          ///< the share that the best rule gets right; 0: not known
  bool regression = false;     ///< numbers are predicted

  /// What it is judged by; less of an error is better.
  const char* measure() const { return regression ? "mae" : "accuracy"; }
};

/// One column.
struct TableLearner {
  std::string name;
  Json config;               ///< for stream::make_learner
  bool past_labels = false;  ///< follows past labels, or nearly so: stands apart from the others
};

struct TableRecipe {
  std::vector<TableStream> streams;
  std::vector<TableLearner> learners;
  std::vector<uint64_t> seeds;
};

/// [table] seeds = [...]; [[stream]] name, generator = {...} or file, rows, ceiling, regression, peer;
/// [[learner]] name, learner, past_labels, options. Files are looked for beside `data`. DataError,
/// UsageError.
TableRecipe read_table(const std::filesystem::path& recipe, const std::filesystem::path& data);

}  // namespace conclave
