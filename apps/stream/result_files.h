/// Results in the layouts of other libraries, for scripts that read those.
#pragma once

#include <cstdio>
#include <filesystem>
#include <memory>

#include "models/stream/eval/run.h"
#include "models/stream/eval/running_auc.h"

namespace conclave {

class ResultFiles {
 public:
  /// `moa_csv`: a file with the columns of MOA's EvaluatePrequential, a line per point, scores of the window.
  /// `capymoa`: a folder for windowed.csv, cumulative.csv and ground_truth_y_and_predictions.csv, as CapyMOA
  /// names its columns; roc_auc is that of all rows, and of two classes alone. Empty paths are not written.
  /// Throws Error.
  ResultFiles(const std::filesystem::path& moa_csv, const std::filesystem::path& capymoa);

  void add_rows(const stream::RowBlock& block, const double* votes, int classes);
  /// A point of the curves. `ram_hours`: gigabytes times hours so far.
  void add_point(const stream::RunState& state, size_t bytes, double ram_hours);
  void finish(const stream::RunState& state);

 private:
  using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;
  double auc() const;
  static File open(const std::filesystem::path& path);
  std::filesystem::path folder_;
  stream::RunningAuc auc_;
  int classes_ = 0;
  File moa_{nullptr, &std::fclose}, windowed_{nullptr, &std::fclose}, rows_{nullptr, &std::fclose};
};

}  // namespace conclave
