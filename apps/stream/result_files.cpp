#include "apps/stream/result_files.h"

#include <fmt/format.h>

#include <cmath>
#include <ctime>

#include "framework/base/error.h"
#include "framework/base/file.h"
#include "models/stream/base/fast_math.h"

namespace conclave {
namespace fs = std::filesystem;
namespace {

// The layouts have percents; what is not known is a question mark in MOA's, nothing in CapyMOA's.
std::string moa(double share) {
  return std::isnan(share) ? "?" : fmt::format("{}", 100 * share);
}
std::string capymoa(double share) {
  return std::isnan(share) ? "" : fmt::format("{}", 100 * share);
}

double mean_of_known(const std::vector<double>& values) {
  double sum = 0;
  int n = 0;
  for (const double value : values)
    if (!std::isnan(value)) sum += value, ++n;
  return n > 0 ? sum / n : std::nan("");
}

// name, mean over classes, then one per class. The mean over rows is the accuracy for all three.
void put(std::string& names, std::string& values, const std::string& name, const std::string& macro,
         double over_rows, const std::vector<double>& by_class) {
  names += fmt::format(",{},{}", name, macro);
  values += fmt::format(",{},{}", capymoa(over_rows), capymoa(mean_of_known(by_class)));
  for (size_t c = 0; c < by_class.size(); ++c) {
    names += fmt::format(",{}_{}", name, c);
    values += "," + capymoa(by_class[c]);
  }
}

struct Line {
  std::string names, values;
};

Line capymoa_line(int64_t rows, const stream::Scores& s, double auc) {
  std::vector<double> f1(s.recall.size());
  for (size_t c = 0; c < f1.size(); ++c)
    f1[c] = 2 * s.precision[c] * s.recall[c] / (s.precision[c] + s.recall[c]);
  Line line{"instances,accuracy,kappa,kappa_t,kappa_m",
            fmt::format("{},{},{},{},{}", rows, capymoa(s.accuracy), capymoa(s.kappa), capymoa(s.kappa_t),
                        capymoa(s.kappa_m))};
  put(line.names, line.values, "f1_score", "F1 Score macro (percent)", s.accuracy, f1);
  put(line.names, line.values, "precision", "Precision macro (percent)", s.accuracy, s.precision);
  put(line.names, line.values, "recall", "Recall macro (percent)", s.accuracy, s.recall);
  line.names += ",roc_auc";
  line.values += std::isnan(auc) ? "," : fmt::format(",{}", auc);
  return line;
}

}  // namespace

ResultFiles::File ResultFiles::open(const fs::path& path) {
  File file(std::fopen(path.c_str(), "w"), &std::fclose);
  require(file != nullptr, "{} cannot be written", path.string());
  return file;
}

ResultFiles::ResultFiles(const fs::path& moa_csv, const fs::path& capymoa) : folder_(capymoa) {
  if (!moa_csv.empty()) {
    moa_ = open(moa_csv);
    fmt::print(moa_.get(),
               "learning evaluation instances,evaluation time (cpu seconds),model cost "
               "(RAM-Hours),classified instances,classifications correct (percent),Kappa Statistic "
               "(percent),Kappa Temporal Statistic (percent),Kappa M Statistic (percent),model training "
               "instances,model serialized size (bytes)\n");
  }
  if (!folder_.empty()) {
    fs::create_directories(folder_);
    windowed_ = open(folder_ / "windowed.csv");
    rows_ = open(folder_ / "ground_truth_y_and_predictions.csv");
    fmt::print(rows_.get(), "ground_truth_y,predictions\n");
  }
}

void ResultFiles::add_rows(const stream::RowBlock& block, const double* votes, int classes) {
  if (!rows_) return;
  classes_ = classes;
  for (size_t i = 0; i < block.size(); ++i) {
    if (block.label(i) < 0) continue;
    const double* const row = votes + i * classes;
    fmt::print(rows_.get(), "{},{}\n", block.label(i), stream::arg_max(row, classes));
    if (classes != 2) continue;
    const double sum = row[0] + row[1];
    auc_.add(sum > 0 ? row[1] / sum : 0.5, block.label(i) == 1);
  }
}

double ResultFiles::auc() const {
  return classes_ == 2 ? auc_.value() : std::nan("");
}

void ResultFiles::add_point(const stream::RunState& state, size_t bytes, double ram_hours) {
  const auto scores = state.evaluation.windowed();
  if (moa_)
    fmt::print(moa_.get(), "{},{},{},{},{},{},{},{},{},{}\n", state.rows,
               static_cast<double>(std::clock()) / CLOCKS_PER_SEC, ram_hours, state.evaluation.rows(),
               moa(scores.accuracy), moa(scores.kappa), moa(scores.kappa_t), moa(scores.kappa_m),
               state.evaluation.rows(), bytes);
  if (!windowed_) return;
  const Line line = capymoa_line(state.rows, scores, auc());
  if (std::ftell(windowed_.get()) == 0) fmt::print(windowed_.get(), "{}\n", line.names);
  fmt::print(windowed_.get(), "{}\n", line.values);
}

void ResultFiles::finish(const stream::RunState& state) {
  if (!folder_.empty()) {
    const Line line = capymoa_line(state.rows, state.evaluation.cumulative(), auc());
    write_file(folder_ / "cumulative.csv", line.names + "\n" + line.values + "\n");
  }
  for (std::FILE* const file : {moa_.get(), windowed_.get(), rows_.get()})
    require(!file || std::fflush(file) == 0, "the result files cannot be written");
}

}  // namespace conclave
