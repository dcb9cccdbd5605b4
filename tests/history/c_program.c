/* A C program that logs a run: what a user of the header would write. */
#include <math.h>

#include "framework/history/conclave_history.h"

void log_from_c(const char* database, const char* file) {
  const char* const argv[] = {"solver", "--fast", 0};
  conclave_run* run = conclave_run_begin(database, "solver", "run", "from c", argv);
  conclave_run_param(run, "rate", "0.5");
  conclave_run_param(run, "mode", "very fast");
  conclave_run_describe_metric(run, "residual", "", "min");
  for (int i = 0; i < 100; ++i) conclave_run_metric(run, "residual", i, 1.0 / (i + 1));
  conclave_run_metric(run, "odd", 1, NAN);
  conclave_run_output(run, file, "solution");
  conclave_run_tag(run, "tagged");
  conclave_run_note(run, 0);
  conclave_run_event(run, "info", "half way");
  conclave_run_flush(run);
  conclave_run_end(run, "finished", 0, 0);
}
