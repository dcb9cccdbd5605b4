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
};

/// One column.
struct TableLearner {
  std::string name;
  Json config;  ///< for stream::make_learner
};

struct TableRecipe {
  std::vector<TableStream> streams;
  std::vector<TableLearner> learners;
  std::vector<uint64_t> seeds;
};

/// [table] seeds = [...]; [[stream]] name, generator = {...} or file, rows; [[learner]] name, learner,
/// options. Files are looked for beside `data`. DataError, UsageError.
TableRecipe read_table(const std::filesystem::path& recipe, const std::filesystem::path& data);

/// Mean and sample deviation.
struct Spread {
  double mean = 0, deviation = 0;
  int n = 0;
};
Spread spread(const std::vector<double>& values);

/// Wilcoxon's signed-rank test of differences, two-sided, exact for up to 25 pairs (normal beyond): the
/// probability of ranks as uneven as these when neither is better. Zero differences are left out; 1 when none
/// is left.
double wilcoxon(const std::vector<double>& differences);

}  // namespace conclave
