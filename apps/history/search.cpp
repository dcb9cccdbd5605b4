// conclave-history search, query, lineage: what is found in the history.
#include <fmt/format.h>

#include <set>

#include "apps/history/text.h"
#include "apps/history/verbs.h"
#include "framework/base/error.h"
#include "framework/base/log.h"
#include "framework/history/query.h"

namespace conclave {
namespace {

class SearchVerb : public HistoryVerb {
 public:
  std::string name() const override { return "search"; }
  std::string summary() const override { return "Find runs by words in names, notes, tags and parameters"; }
  std::string examples() const override { return "  conclave-history search diverges warm-up"; }
  void declare(Options& options) override {
    options.positional("words", words_, "Words, or their beginnings; all must be there").required();
    options.add("limit", limit_, "Runs to show, best first").at_least(1);
  }
  int run(Invocation& call) override {
    const Store store = open_store(call);
    Table table({"ID", "STATUS", "APP", "VERB", "NAME", "FOUND"}, {0});
    const auto hits = store.search(fmt::format("{}", fmt::join(words_, " ")), limit_);
    for (const auto& hit : hits) {
      const RunDetail run = store.show(hit.run);
      if (call.json()) {
        Json line = to_json(static_cast<const RunSummary&>(run));
        line["found"] = hit.excerpt;
        call.out().write(line);
      } else {
        table.add({std::to_string(run.id), run.status, run.app, run.verb, run.name, hit.excerpt});
      }
    }
    if (hits.empty()) log_info("nothing found");
    if (!call.json() && !hits.empty()) fmt::print("{}", table.text());
    return 0;
  }

 private:
  std::vector<std::string> words_;
  int64_t limit_ = 20;
};

class QueryVerb : public HistoryVerb {
 public:
  std::string name() const override { return "query"; }
  std::string summary() const override { return "Ask the history in SQL; nothing is ever changed"; }
  std::string examples() const override {
    return "  conclave-history query --sql 'SELECT app, status, count(*) FROM run GROUP BY 1, 2'\n"
           "  conclave-history query --sql \"SELECT run, last FROM metric_last JOIN metric_key ON id = key "
           "WHERE name = 'loss' ORDER BY last\" --format csv";
  }
  void declare(Options& options) override {
    options.add("sql", sql_, "One SELECT; docs/history.md has the tables").required();
    options.add("format", format_, "How rows are printed").choices({"table", "csv", "json"});
    options.add("limit", limit_, "Rows at most; 0 for all").at_least(0);
    options.add("seconds", seconds_, "Time at most").at_least(0.001);
  }
  int run(Invocation& call) override {
    { open_store(call); }  // brings it up to date
    const Store store = Store::open_read_only(call.common().history_path());
    const bool json = call.json() || format_ == "json";
    std::vector<std::string> names;
    std::optional<Table> table;
    const auto cell = [](const Json& value) {
      if (value.is_null()) return std::string();
      return value.is_object() ? fmt::format("x'{}'", value["hex"].get<std::string>()) : value_text(value);
    };
    const bool all = query(
        store, sql_, {seconds_, limit_ > 0 ? limit_ : -1},
        [&](const std::vector<std::string>& head) {
          names = head;
          if (json) return;
          if (format_ == "table") table.emplace(names);
          if (format_ == "csv") print_csv(names);
        },
        [&](const std::vector<Json>& row) {
          std::vector<std::string> cells;
          Json line = Json::object();
          for (size_t i = 0; i < row.size(); ++i)
            json ? void(line[names[i]] = row[i]) : cells.push_back(cell(row[i]));
          if (json)
            call.out().write(line);
          else if (table)
            table->add(std::move(cells));
          else
            print_csv(cells);
        });
    if (table) fmt::print("{}", table->text());
    if (!all) log_info("there are more rows; --limit 0 prints all");
    return 0;
  }

 private:
  static void print_csv(const std::vector<std::string>& cells) {
    for (size_t i = 0; i < cells.size(); ++i) fmt::print("{}{}", i > 0 ? "," : "", csv_field(cells[i]));
    fmt::print("\n");
  }

  std::string sql_, format_ = "table";
  int64_t limit_ = 1000;
  double seconds_ = 30;
};

class LineageVerb : public HistoryVerb {
 public:
  std::string name() const override { return "lineage"; }
  std::string summary() const override {
    return "Which runs made what a run used, and which used what it made";
  }
  std::string examples() const override { return "  conclave-history lineage last"; }
  void declare(Options& options) override { options.positional("run", run_, "Run").required(); }
  int run(Invocation& call) override {
    const Store store = open_store(call);
    const int64_t id = store.find(run_);
    const auto before = store.made_from(id), after = store.used_by(id);
    if (call.json()) {
      for (const auto* links : {&before, &after})
        for (const auto& link : *links)
          call.out().write({{"direction", links == &before ? "made_from" : "used_by"},
                            {"from", link.from},
                            {"to", link.to},
                            {"kind", link.kind},
                            {"path", link.path},
                            {"sha256", link.sha256}});
      return 0;
    }
    fmt::print("{}\n", title(store, id));
    print(store, "made from", before, id, &LineageLink::to, &LineageLink::from);
    print(store, "used by", after, id, &LineageLink::from, &LineageLink::to);
    return 0;
  }

 private:
  static std::string title(const Store& store, int64_t id) {
    const RunDetail run = store.show(id);
    return fmt::format("run {}  {} {}{}{}  {}", id, run.app, run.verb, run.name.empty() ? "" : "  ", run.name,
                       time_text(run.started_ms));
  }

  // Links whose `near` end is `id`, and below each what hangs on its far end.
  static void print(const Store& store, const char* heading, const std::vector<LineageLink>& links,
                    int64_t id, int64_t LineageLink::*near, int64_t LineageLink::*far) {
    fmt::print("{}{}\n", heading, links.empty() ? ": nothing that is known" : "");
    std::set<int64_t> shown{id};
    branch(store, links, id, near, far, 1, shown);
  }
  static void branch(const Store& store, const std::vector<LineageLink>& links, int64_t id,
                     int64_t LineageLink::*near, int64_t LineageLink::*far, size_t depth,
                     std::set<int64_t>& shown) {
    const std::string indent(2 * depth, ' ');
    for (const auto& link : links) {
      if (link.*near != id) continue;
      const int64_t other = link.*far;
      if (link.kind != "run")
        fmt::print("{}{} ({}, {})\n", indent, link.path, link.kind, link.sha256.substr(0, 12));
      if (other == 0) continue;
      const bool again = !shown.insert(other).second;
      fmt::print("{}{}{}{}\n", indent, link.kind == "run" ? "" : "  ", title(store, other),
                 again ? "  (above)" : "");
      if (!again) branch(store, links, other, near, far, depth + (link.kind == "run" ? 1 : 2), shown);
    }
  }

  std::string run_;
};

}  // namespace

std::unique_ptr<Verb> make_search_verb() {
  return std::make_unique<SearchVerb>();
}
std::unique_ptr<Verb> make_query_verb() {
  return std::make_unique<QueryVerb>();
}
std::unique_ptr<Verb> make_lineage_verb() {
  return std::make_unique<LineageVerb>();
}

}  // namespace conclave
