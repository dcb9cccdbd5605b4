// conclave-history show: everything about one run.
#include <fmt/format.h>

#include "apps/history/text.h"
#include "apps/history/verbs.h"
#include "framework/base/progress.h"

namespace conclave {
namespace {

void print(const RunDetail& run) {
  const auto line = [](const char* label, const std::string& text) {
    if (!text.empty()) fmt::print("{:<11} {}\n", label, text);
  };
  fmt::print("run {}{}{}\n", run.id, run.name.empty() ? "" : "  ", run.name);
  line("uuid", run.uuid);
  line("what", run.app + " " + run.verb);
  line("status", run.status + (run.exit_code ? fmt::format(" (exit {})", *run.exit_code) : ""));
  line("message", run.message);
  line("started", fmt::format("{}, took {}", time_text(run.started_ms), duration_text(run.seconds())));
  line("experiment", run.experiment);
  line("tags", fmt::format("{}", fmt::join(run.tags, " ")));
  line("note", run.note);
  line("parent", run.parent);
  line("seed", run.seed);
  line("version", run.version);
  line("git", run.git_sha);
  line("machine", fmt::format("{}: {}, {} cores, {}", run.host, run.machine.value("cpu", "?"),
                              run.machine.value("cores", 0), run.machine.value("system", "?")));
  line("repeat", repeat_text(run));

  if (!run.params.empty()) {
    Table table({"PARAMETER", "VALUE", "FROM"});
    for (const auto& p : run.params) table.add({p.key, value_text(p.value), p.source});
    fmt::print("\n{}", table.text());
  }
  if (!run.metrics.empty()) {
    Table table({"METRIC", "LAST", "MIN", "MAX", "STEP", "POINTS", "UNIT"}, {1, 2, 3, 4, 5});
    for (const auto& m : run.metrics)
      table.add({m.name, number_text(m.last), number_text(m.low), number_text(m.high), std::to_string(m.step),
                 m.nonfinite > 0 ? fmt::format("{} ({} not finite)", m.n, m.nonfinite) : std::to_string(m.n),
                 m.unit});
    fmt::print("\n{}", table.text());
  }
  if (!run.artifacts.empty()) {
    Table table({"ARTIFACT", "KIND", "SIZE", "SHA-256", "PATH"}, {2});
    for (const auto& a : run.artifacts)
      table.add({a.direction, a.kind, bytes_text(a.size), a.sha256.substr(0, 12), a.path});
    fmt::print("\n{}", table.text());
  }
  if (!run.events.empty()) {
    Table table({"EVENT", "LEVEL", "STEP", "TEXT"}, {2});
    for (const auto& e : run.events)
      table.add({time_text(e.time_ms), e.level, e.step ? std::to_string(*e.step) : "", e.text});
    fmt::print("\n{}", table.text());
  }
}

class ShowVerb : public HistoryVerb {
 public:
  std::string name() const override { return "show"; }
  std::string summary() const override {
    return "Show one run: settings, metrics, artifacts, how to repeat it";
  }
  std::string examples() const override {
    return "  conclave-history show last\n  conclave-history show 12 --json";
  }
  void declare(Options& options) override {
    options.positional("run", run_, "Number, beginning of the uuid, name, or last").required();
  }
  int run(Invocation& call) override {
    const Store store = open_store(call);
    const RunDetail run = store.show(store.find(run_));
    call.json() ? call.out().write(to_json(run)) : print(run);
    return 0;
  }

 private:
  std::string run_;
};

}  // namespace

std::unique_ptr<Verb> make_show_verb() {
  return std::make_unique<ShowVerb>();
}

}  // namespace conclave
