/// Runs of other programs: how they come in, and each format.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "framework/history/store.h"

namespace conclave {

/// A run as another program kept it.
struct ForeignRun {
  std::string origin = "";  ///< names it among all runs of all programs: the same origin is the same run
  std::string app = "";     ///< "mlflow", "tensorboard", "csv"
  std::string name = "", experiment = "", note = "";
  std::string status = "finished";
  std::string source = "";  ///< the file or folder
  int64_t started_ms = 0, finished_ms = 0;
  std::map<std::string, std::string> params = {};
  std::vector<std::string> tags = {};
  Curves curves = {};
};

struct ImportResult {
  int64_t added = 0, updated = 0, same = 0;
};

/// Of a run that is there already, only points behind those that are there are taken.
void take_in(Store& store, const ForeignRun& run, ImportResult& result);

/// Writes one run into an MLflow file store (a folder `mlruns`), scalars with their times, parameters, tags,
/// the note and where artifacts lie. A run that is there already is written anew.
void export_mlflow(const Store& store, int64_t run, const std::filesystem::path& folder);
/// A file store's folder, or the SQLite file of an MLflow server. DataError when it is neither.
ImportResult import_mlflow(Store& store, const std::filesystem::path& path);

/// Writes one run's scalars (32-bit, as TensorBoard has them) and its parameters as text into
/// `folder`/<name or number>/events.out.tfevents.*, in place of what an earlier export left there.
void export_tensorboard(const Store& store, int64_t run, const std::filesystem::path& folder);
/// Scalars of every event file below `folder`; each folder that has some is a run. A record that is cut off
/// ends a file; DataError for one that is no event file.
ImportResult import_tensorboard(Store& store, const std::filesystem::path& folder);

/// Metrics of a CSV file: a column each with a step column (step, iteration, epoch, ...) or without, or rows
/// of run, metric, step, value as `export` writes them. DataError with the line.
ImportResult import_csv(Store& store, const std::filesystem::path& file);

}  // namespace conclave
