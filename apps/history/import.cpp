// conclave-history import: spool files, and the runs of other programs.
#include <fmt/format.h>

#include <fstream>

#include "apps/history/verbs.h"
#include "framework/base/error.h"
#include "framework/base/log.h"
#include "framework/history/exchange/foreign_run.h"

namespace conclave {
namespace fs = std::filesystem;
namespace {

// What lies at `path`, by its name and its first bytes.
std::string format_of(const fs::path& path) {
  if (fs::is_directory(path)) {
    for (const auto& entry : fs::directory_iterator(path))
      if (entry.is_directory() && fs::exists(entry.path() / "meta.yaml")) return "mlflow";
    return "tensorboard";
  }
  const std::string extension = path.extension().string();
  if (extension == ".jsonl") return "spool";
  if (extension == ".csv" || extension == ".tsv") return "csv";
  if (path.filename().string().find("tfevents") != std::string::npos) return "tensorboard";
  char head[16] = {};
  std::ifstream(path, std::ios::binary).read(head, sizeof head);
  if (std::string_view(head, 15) == "SQLite format 3") return "mlflow";
  return "spool";  // whose reader says what is wrong
}

class ImportVerb : public HistoryVerb {
 public:
  std::string name() const override { return "import"; }
  std::string summary() const override {
    return "Take in runs of MLflow, TensorBoard and CSV files, and spool files";
  }
  std::string examples() const override {
    return "  conclave-history import mlruns\n  conclave-history import mlflow.db runs/ metrics.csv\n"
           "  conclave-history import history.db.spool/*.jsonl      these are removed when they are in";
  }
  void declare(Options& options) override {
    options.positional("paths", paths_, "Files and folders; taken in again, they bring what is new")
        .existing()
        .required();
    options.add("format", format_, "What they are; auto looks")
        .choices({"auto", "spool", "mlflow", "tensorboard", "csv"});
  }
  int run(Invocation& call) override {
    Store store = Store::open(call.common().history_path());
    int left = 0;
    for (const auto& path : paths_) {
      const std::string format = format_ == "auto" ? format_of(path) : format_;
      if (format == "spool") {
        if (store.import_file(path)) continue;
        ++left;
        log_warning("{}: is still being written, or cannot be read", path.string());
        continue;
      }
      const ImportResult result = format == "mlflow"        ? import_mlflow(store, path)
                                  : format == "tensorboard" ? import_tensorboard(store, path)
                                                            : import_csv(store, path);
      if (call.json())
        call.out().write({{"path", path.string()},
                          {"format", format},
                          {"added", result.added},
                          {"updated", result.updated},
                          {"same", result.same}});
      else
        fmt::print("{}: {} runs added, {} had gone on, {} were the same\n", path.string(), result.added,
                   result.updated, result.same);
    }
    return left == 0 ? 0 : 1;
  }

 private:
  std::vector<fs::path> paths_;
  std::string format_ = "auto";
};

}  // namespace

std::unique_ptr<Verb> make_import_verb() {
  return std::make_unique<ImportVerb>();
}

}  // namespace conclave
