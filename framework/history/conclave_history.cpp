#include "framework/history/conclave_history.h"

#include "framework/base/log.h"
#include "framework/history/run_writer.h"

struct conclave_run {
  conclave::RunWriter writer;
};

namespace {

std::string text(const char* from) {
  return from ? from : "";
}

// No exception may leave: the caller may be C.
template <class Body>
void quietly(const Body& body) noexcept {
  try {
    body();
  } catch (const std::exception& e) {
    conclave::log_warning("history: {}", e.what());
  }
}

}  // namespace

conclave_run* conclave_run_begin(const char* database, const char* app, const char* verb, const char* name,
                                 const char* const* argv) {
  conclave_run* run = nullptr;
  quietly([&] {
    conclave::RunInfo info{text(app), text(verb), text(name)};
    for (; argv && *argv; ++argv) info.argv.emplace_back(*argv);
    const auto path = database ? std::filesystem::path(database) : conclave::Store::default_path();
    run = new conclave_run{conclave::RunWriter(path, info)};
  });
  return run;
}

const char* conclave_run_uuid(const conclave_run* run) {
  return run ? run->writer.uuid().c_str() : "";
}

void conclave_run_param(conclave_run* run, const char* key, const char* value) {
  if (!run) return;
  quietly([&] {
    conclave::Json parsed = conclave::Json::parse(text(value), nullptr, false);
    run->writer.param(text(key), parsed.is_discarded() ? conclave::Json(text(value)) : parsed, "program");
  });
}

void conclave_run_describe_metric(conclave_run* run, const char* metric, const char* unit, const char* goal) {
  if (run) quietly([&] { run->writer.describe_metric(text(metric), text(unit), text(goal)); });
}
void conclave_run_metric(conclave_run* run, const char* metric, int64_t step, double value) {
  if (run) quietly([&] { run->writer.metric(metric ? metric : "", step, value); });
}
void conclave_run_input(conclave_run* run, const char* path, const char* kind) {
  if (run) quietly([&] { run->writer.input(text(path), text(kind)); });
}
void conclave_run_output(conclave_run* run, const char* path, const char* kind) {
  if (run) quietly([&] { run->writer.output(text(path), text(kind)); });
}
void conclave_run_tag(conclave_run* run, const char* tag) {
  if (run) quietly([&] { run->writer.tag(text(tag)); });
}
void conclave_run_note(conclave_run* run, const char* words) {
  if (run) quietly([&] { run->writer.note(text(words)); });
}
void conclave_run_event(conclave_run* run, const char* level, const char* words) {
  if (run) quietly([&] { run->writer.event(text(level), text(words)); });
}
void conclave_run_flush(conclave_run* run) {
  if (run) quietly([&] { run->writer.flush(); });
}

void conclave_run_end(conclave_run* run, const char* status, int exit_code, const char* message) {
  if (!run) return;
  quietly([&] { run->writer.finish(text(status), exit_code, text(message)); });
  delete run;
}
