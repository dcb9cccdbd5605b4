/// What an application implements: verbs. run_app in app.h does the rest.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "apps/common/json_lines.h"
#include "apps/common/options.h"
#include "framework/base/settings.h"
#include "framework/history/run_writer.h"

namespace conclave {

/// What every verb understands.
struct CommonOptions {
  bool json = false;
  uint64_t seed = 0;
  std::string device = "auto";  ///< "cpu", "cuda", "cuda:1", "auto"
  int threads = 0;              ///< 0: as many as there are cores
  std::string dtype = "auto";   ///< "auto": as the checkpoint has it
  bool dry_run = false;
  bool quiet = false;
  bool no_history = false;
  std::filesystem::path history;  ///< empty: data_home()/history.db
  std::string run_name, experiment;
  std::filesystem::path config;  ///< instead of the conclave.toml that would be found

  /// Threads to use, at least 1.
  int thread_count() const;
  /// The history database: --history, or its usual place.
  std::filesystem::path history_path() const;
};

/// One call of a verb.
class Invocation {
 public:
  using StartHistory = std::function<std::unique_ptr<RunWriter>()>;
  Invocation(CommonOptions common, Settings settings, std::vector<ResolvedOption> options,
             StartHistory start_history)
      : common_(std::move(common)),
        settings_(std::move(settings)),
        options_(std::move(options)),
        start_history_(std::move(start_history)) {}

  const CommonOptions& common() const { return common_; }
  bool json() const { return common_.json; }
  /// The files and the environment, for keys that are no options.
  const Settings& settings() const { return settings_; }
  /// Every option with where it came from.
  const std::vector<ResolvedOption>& options() const { return options_; }
  /// From here on this call is a run of the history, however it ends. What fails before, when options and
  /// files are checked, leaves nothing there.
  void begin() {
    if (!history_) history_ = start_history_();
  }
  bool begun() const { return history_ != nullptr; }
  /// This run in the history, which it begins: metrics, routing, artifacts go here. Records nothing with
  /// --no-history.
  RunWriter& history() {
    begin();
    return *history_;
  }
  /// stdout, as JSON lines.
  JsonLines& out() { return out_; }

 private:
  CommonOptions common_;
  Settings settings_;
  std::vector<ResolvedOption> options_;
  StartHistory start_history_;
  std::unique_ptr<RunWriter> history_;
  JsonLines out_;
};

/// One verb: `conclave-vqa train`. Options are bound to members; run() does the work.
class Verb {
 public:
  virtual ~Verb() = default;
  /// "train".
  virtual std::string name() const = 0;
  /// One line for the list of verbs.
  virtual std::string summary() const = 0;
  /// Command lines to show under --help, one a line.
  virtual std::string examples() const { return ""; }
  virtual void declare(Options& options) = 0;
  /// Returns the exit code: 0 done, 1 failed. Errors are thrown; ask interrupted() between steps. Says
  /// call.begin(), or uses call.history(), once all is checked and the work begins.
  virtual int run(Invocation& call) = 0;
  /// --dry-run: checks what can be checked without doing it. Prints the resolved options unless overridden.
  virtual int dry_run(Invocation& call);
  /// Whether a call belongs in the history.
  virtual bool recorded() const { return true; }
  /// Whether --seed, --device, --threads and --dtype mean anything.
  virtual bool computes() const { return true; }
};

using Verbs = std::vector<std::unique_ptr<Verb>>;

}  // namespace conclave
