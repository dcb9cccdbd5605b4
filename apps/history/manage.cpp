// conclave-history tag, note, name, prune, restore: what changes the history.
#include <fmt/format.h>

#include "apps/history/text.h"
#include "apps/history/verbs.h"
#include "framework/base/error.h"
#include "framework/base/log.h"
#include "framework/history/machine.h"

namespace conclave {

Store HistoryVerb::open_store(const Invocation& call) {
  const auto path = call.common().history_path();
  auto store = Store::open_existing(path);
  require(store.has_value(), "{}: there is no history yet", path.string());
  return std::move(*store);
}

namespace {

class TagVerb : public HistoryVerb {
 public:
  std::string name() const override { return "tag"; }
  std::string summary() const override { return "Tag a run, take tags away, or list them"; }
  std::string examples() const override {
    return "  conclave-history tag last paper\n  conclave-history tag 12 paper --remove\n"
           "  conclave-history tag 12        the tags of a run\n  conclave-history tag           all tags";
  }
  void declare(Options& options) override {
    options.positional("run", run_, "Run to tag");
    options.positional("tags", tags_, "Tags");
    options.add("remove", remove_, "Take the tags away");
  }
  int run(Invocation& call) override {
    Store store = open_store(call);
    if (run_.empty()) {
      for (const auto& [tag, runs] : store.tags())
        call.json() ? call.out().write({{"tag", tag}, {"runs", runs}}) : fmt::print("{:>5}  {}\n", runs, tag);
      return 0;
    }
    const int64_t run = store.find(run_);
    for (const auto& tag : tags_) remove_ ? store.remove_tag(run, tag) : store.add_tag(run, tag);
    if (!tags_.empty()) return 0;
    for (const auto& tag : store.show(run).tags)
      call.json() ? call.out().write({{"tag", tag}}) : fmt::print("{}\n", tag);
    return 0;
  }

 private:
  std::string run_;
  std::vector<std::string> tags_;
  bool remove_ = false;
};

class NoteVerb : public HistoryVerb {
 public:
  std::string name() const override { return "note"; }
  std::string summary() const override { return "Write the note of a run, add to it, or print it"; }
  std::string examples() const override {
    return "  conclave-history note last 'diverges after the warm-up'\n"
           "  conclave-history note last --append 'also with half the rate'\n  conclave-history note last";
  }
  void declare(Options& options) override {
    options.positional("run", run_, "Run").required();
    options.positional("text", text_, "The note; an empty one removes it");
    options.add("append", append_, "Add a line to the note that it has");
  }
  int run(Invocation& call) override {
    Store store = open_store(call);
    const int64_t run = store.find(run_);
    const std::string before = store.show(run).note;
    if (!text_)
      call.json() ? call.out().write({{"note", before}})
                  : fmt::print("{}{}", before, before.empty() ? "" : "\n");
    else
      store.set_note(run, append_ && !before.empty() ? before + "\n" + *text_ : *text_);
    return 0;
  }

 private:
  std::string run_;
  std::optional<std::string> text_;
  bool append_ = false;
};

class NameVerb : public HistoryVerb {
 public:
  std::string name() const override { return "name"; }
  std::string summary() const override { return "Name a run anew"; }
  void declare(Options& options) override {
    options.positional("run", run_, "Run").required();
    options.positional("name", name_, "Its name").required();
  }
  int run(Invocation& call) override {
    Store store = open_store(call);
    store.set_name(store.find(run_), name_);
    return 0;
  }

 private:
  std::string run_, name_;
};

class PruneVerb : public HistoryVerb {
 public:
  std::string name() const override { return "prune"; }
  std::string summary() const override { return "Put runs into the bin, or empty it"; }
  std::string examples() const override {
    return "  conclave-history prune status:failed --older-than 30 --dry-run\n"
           "  conclave-history prune status:failed --older-than 30\n"
           "  conclave-history prune --empty-bin";
  }
  void declare(Options& options) override {
    options.positional("filter", filter_, "Which runs, as for list");
    options.add("older-than", days_, "Only runs that began this many days ago or before").at_least(0);
    options.add("empty-bin", empty_bin_, "Remove for good what is in the bin (not to be undone)");
  }
  int run(Invocation& call) override { return prune(call, true); }
  int dry_run(Invocation& call) override { return prune(call, false); }

 private:
  int prune(Invocation& call, bool act) {
    require<UsageError>(empty_bin_ || !filter_.empty() || days_,
                        "FILTER, --older-than or --empty-bin is wanted");
    Store store = open_store(call);
    RunFilter filter = parse_filter(fmt::format("{}", fmt::join(filter_, " ")));
    filter.deleted = empty_bin_;
    if (days_) filter.started_before_ms = now_ms() - static_cast<int64_t>(*days_ * 86400e3);
    std::vector<int64_t> runs;
    for (const auto& one : store.list(filter, std::vector<std::string>())) {
      if (one.status == "running") continue;
      runs.push_back(one.id);
      if (call.json())
        call.out().write({{"id", one.id}, {"uuid", one.uuid}, {"status", one.status}});
      else
        fmt::print("{}  {} {}  {}  {}\n", one.id, one.app, one.verb, one.status, time_text(one.started_ms));
    }
    if (act && empty_bin_) {
      store.purge(runs);
      store.compact();
    } else if (act) {
      for (const int64_t one : runs) store.set_deleted(one, true);
    }
    log_info("{} runs {}", runs.size(),
             !act         ? "would go"
             : empty_bin_ ? "are removed"
                          : "are in the bin; conclave-history restore takes one out");
    return 0;
  }

  std::vector<std::string> filter_;
  std::optional<double> days_;
  bool empty_bin_ = false;
};

class RestoreVerb : public HistoryVerb {
 public:
  std::string name() const override { return "restore"; }
  std::string summary() const override { return "Take runs out of the bin"; }
  void declare(Options& options) override { options.positional("runs", runs_, "Runs to restore").required(); }
  int run(Invocation& call) override {
    Store store = open_store(call);
    for (const auto& run : runs_) store.set_deleted(store.find(run), false);
    return 0;
  }

 private:
  std::vector<std::string> runs_;
};

}  // namespace

std::unique_ptr<Verb> make_tag_verb() {
  return std::make_unique<TagVerb>();
}
std::unique_ptr<Verb> make_note_verb() {
  return std::make_unique<NoteVerb>();
}
std::unique_ptr<Verb> make_prune_verb() {
  return std::make_unique<PruneVerb>();
}
std::unique_ptr<Verb> make_restore_verb() {
  return std::make_unique<RestoreVerb>();
}
std::unique_ptr<Verb> make_name_verb() {
  return std::make_unique<NameVerb>();
}

}  // namespace conclave
