/* Logging a run into Conclave's history from C and C++. Link with conclave_core.
 *
 * No call stops or slows the program: a thread writes once a second, and what cannot be written is said on
 * stderr. A null run is allowed everywhere and records nothing. Calls on one run may come from several
 * threads, but for the last one, conclave_run_end, which frees it. Texts are UTF-8; null texts are empty. */
#ifndef CONCLAVE_HISTORY_H
#define CONCLAVE_HISTORY_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct conclave_run conclave_run;

/* Begins a run. `database` is a file, or null for the usual place (CONCLAVE_HISTORY, or the user's data
 * folder). `argv` ends with a null, or is null. Null when there is no memory. */
conclave_run* conclave_run_begin(const char* database, const char* app, const char* verb, const char* name,
                                 const char* const* argv);
/* The run's id in the history; valid until the end of the run. */
const char* conclave_run_uuid(const conclave_run* run);
/* `value` as JSON (0.5, true, "text", [1, 2]); anything else is taken as text. */
void conclave_run_param(conclave_run* run, const char* key, const char* value);
/* goal: "min", "max" or "". */
void conclave_run_describe_metric(conclave_run* run, const char* metric, const char* unit, const char* goal);
/* Any value, not-a-number too; steps need not grow. */
void conclave_run_metric(conclave_run* run, const char* metric, int64_t step, double value);
/* A file by its hash, which is computed here. */
void conclave_run_input(conclave_run* run, const char* path, const char* kind);
void conclave_run_output(conclave_run* run, const char* path, const char* kind);
void conclave_run_tag(conclave_run* run, const char* tag);
void conclave_run_note(conclave_run* run, const char* text);
/* level: "info", "warning", "error". */
void conclave_run_event(conclave_run* run, const char* level, const char* text);
/* Returns when all that was said so far is written. */
void conclave_run_flush(conclave_run* run);
/* status: "finished", "failed" or "cancelled". Frees the run. */
void conclave_run_end(conclave_run* run, const char* status, int exit_code, const char* message);

#ifdef __cplusplus
} /* extern "C" */

#include <memory>
#include <string>

namespace conclave {

/// The same for C++; a run that is not ended is recorded as failed.
class LoggedRun {
 public:
  LoggedRun(const std::string& app, const std::string& verb, const std::string& name = "",
            const char* database = nullptr)
      : run_(conclave_run_begin(database, app.c_str(), verb.c_str(), name.c_str(), nullptr)) {}
  void param(const std::string& key, const std::string& json) {
    conclave_run_param(run_.get(), key.c_str(), json.c_str());
  }
  void metric(const char* name, int64_t step, double value) {
    conclave_run_metric(run_.get(), name, step, value);
  }
  void output(const std::string& path, const std::string& kind) {
    conclave_run_output(run_.get(), path.c_str(), kind.c_str());
  }
  void end(const char* status = "finished", int exit_code = 0) {
    conclave_run_end(run_.release(), status, exit_code, nullptr);
  }
  /// For all the other calls.
  conclave_run* get() const { return run_.get(); }

 private:
  struct Fail {
    void operator()(conclave_run* run) const { conclave_run_end(run, "failed", 1, "ended without a result"); }
  };
  std::unique_ptr<conclave_run, Fail> run_;
};

}  // namespace conclave
#endif

#endif
