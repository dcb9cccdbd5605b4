// conclave-history queue: jobs that wait for a slot.
#include <fmt/format.h>
#include <sys/wait.h>

#include <algorithm>
#include <thread>

#include "apps/history/text.h"
#include "apps/history/verbs.h"
#include "framework/base/child_process.h"
#include "framework/base/error.h"
#include "framework/base/file.h"
#include "framework/base/log.h"
#include "framework/base/progress.h"
#include "framework/base/signals.h"
#include "framework/history/machine.h"
#include "framework/history/queue.h"
#include "framework/history/sweep.h"

namespace conclave {
namespace fs = std::filesystem;
namespace {

constexpr int64_t kEndedShown = 20;
constexpr auto kWorkerTick = std::chrono::milliseconds(200);

Json to_json(const Job& job) {
  const auto maybe = [](const std::optional<int64_t>& value) { return value ? Json(*value) : Json(); };
  return {{"id", job.id},
          {"uuid", job.uuid},
          {"state", job.state},
          {"cancelling", job.state == "running" && job.cancel_ms.has_value()},
          {"name", job.name},
          {"batch", job.batch},
          {"device", job.device},
          {"slots", job.slots},
          {"priority", job.priority},
          {"tries", job.tries},
          {"retries", job.retries},
          {"argv", job.argv},
          {"folder", job.folder},
          {"run", job.run},
          {"log", job.log},
          {"message", job.message},
          {"created_ms", job.created_ms},
          {"started_ms", maybe(job.started_ms)},
          {"finished_ms", maybe(job.finished_ms)},
          {"exit_code", maybe(job.exit_code)}};
}

class QueueVerb : public HistoryVerb {
 public:
  std::string name() const override { return "queue"; }
  std::string summary() const override {
    return "Jobs that wait for a free slot and survive whoever queued them";
  }
  std::string examples() const override {
    return "  conclave-history queue add --retries 2 --on-retry=--resume -- conclave-vqa train --steps 1000\n"
           "  conclave-history queue add --grid lr=0.1,0.01 --grid seed=1,2,3 -- conclave-vqa train\n"
           "  conclave-history queue run --cpu-slots 2      starts what waits, until Ctrl-C; jobs go on "
           "after that\n"
           "  conclave-history queue list\n"
           "  conclave-history queue cancel 7               asks it to stop, then tells it, then kills it\n"
           "  conclave-history queue log 7\n"
           "  conclave-history queue retry 7;  conclave-history queue first 7;  conclave-history queue "
           "remove 7";
  }
  void declare(Options& options) override {
    options.positional("action", action_, "What to do")
        .required()
        .choices({"add", "list", "run", "cancel", "retry", "first", "remove", "log", "keep"});
    options.positional("words", words_, "add: the command, behind --; otherwise numbers of jobs");
    options.add("name", name_, "Name of the job").group("queue add");
    options.add("job-folder", folder_, "Where it runs; otherwise here").group("queue add");
    options.add("gpu", gpu_, "It needs a slot of the GPU, not of the CPU").group("queue add");
    options.add("slots", slots_, "Slots that it needs").at_least(1).group("queue add");
    options.add("priority", priority_, "Higher ones come first").group("queue add");
    options.add("retries", retries_, "Times it is tried again when it fails").at_least(0).group("queue add");
    options.add("on-retry", on_retry_, "Word to put behind the command when it is tried again")
        .group("queue add");
    options
        .add("grid", grid_,
             "key=value,value,...: a job for each, with --key value, or --set key=value for a recipe's "
             "key.with.dots; "
             "several: for each combination")
        .group("queue add");
    options.add("random", random_, "Only so many combinations of the grid, drawn at random")
        .at_least(1)
        .group("queue add");
    options.add("draw-seed", draw_seed_, "Seed of that draw").group("queue add");
    options.add("cpu-slots", cpu_slots_, "Slots of the CPU").at_least(0).group("queue run");
    options.add("gpu-slots", gpu_slots_, "Slots of the GPU").at_least(0).group("queue run");
    options.add("until-empty", until_empty_, "End when nothing waits or runs any more").group("queue run");
    options
        .add("interrupt-seconds", patience_.interrupt_s,
             "Time to stop cleanly when cancelled, before SIGTERM")
        .at_least(0)
        .group("queue run");
    options.add("terminate-seconds", patience_.terminate_s, "Time after SIGTERM, before SIGKILL")
        .at_least(0)
        .group("queue run");
  }
  int run(Invocation& call) override {
    if (action_ == "keep") return keep(call);
    Store store = Store::open(call.common().history_path());
    Queue queue(store);
    if (action_ == "add") return add(call, queue);
    if (action_ == "list") return list(call, queue);
    if (action_ == "run") return work(call, store, queue);
    const auto ids = numbers();
    require<UsageError>(!ids.empty(), "queue {}: a job's number is wanted", action_);
    for (const int64_t id : ids) {
      if (action_ == "cancel" && queue.cancel(id) == "running")
        log_info("job {}: cancelling... (it is asked to stop first)", id);
      if (action_ == "retry") queue.retry(id);
      if (action_ == "remove") queue.remove(id);
      if (action_ == "log") print_log(queue.show(id));
      if (action_ == "first") {
        int64_t highest = 0;
        for (const Job& job : queue.list())
          if (job.state == "waiting") highest = std::max(highest, job.priority);
        queue.set_priority(id, highest + 1);
      }
    }
    return 0;
  }

 private:
  std::vector<int64_t> numbers() const {
    std::vector<int64_t> ids;
    for (const auto& word : words_) {
      require<UsageError>(
          !word.empty() && word.size() < 18 && word.find_first_not_of("0123456789") == std::string::npos,
          "'{}' is no number of a job", word);
      ids.push_back(std::stoll(word));
    }
    return ids;
  }

  int add(Invocation& call, Queue& queue) const {
    require<UsageError>(!words_.empty(), "queue add: a command is wanted, behind --");
    JobSpec base{.argv = words_,
                 .retry_argv = on_retry_,
                 .folder = fs::absolute(folder_.empty() ? "." : folder_),
                 .name = name_};
    require<UsageError>(fs::is_directory(base.folder), "--job-folder: {} is no folder", base.folder);
    base.device = gpu_ ? "gpu" : "cpu";
    base.slots = slots_;
    base.priority = priority_;
    base.retries = retries_;
    for (const int64_t id : queue.add(sweep(base, grid_, random_, draw_seed_))) {
      const Job job = queue.show(id);
      call.json() ? call.out().write(to_json(job)) : fmt::print("{}  {}\n", id, shell_text(job.argv));
    }
    return 0;
  }

  int list(Invocation& call, const Queue& queue) const {
    Table table({"ID", "STATE", "SLOTS", "TRY", "TIME", "COMMAND", "MESSAGE"}, {0});
    int64_t ended = 0;
    for (const Job& job : queue.list()) {
      if (call.json()) {
        call.out().write(to_json(job));
        continue;
      }
      if (job.finished_ms && ++ended > kEndedShown) continue;
      const int64_t until = job.finished_ms.value_or(now_ms());
      table.add({std::to_string(job.id), job.state, fmt::format("{} {}", job.slots, job.device),
                 fmt::format("{}/{}", job.tries, job.retries + 1),
                 job.started_ms ? duration_text(static_cast<double>(until - *job.started_ms) / 1000) : "",
                 shell_text(job.argv),
                 job.message.empty() && job.exit_code && *job.exit_code != 0
                     ? fmt::format("exit code {}", *job.exit_code)
                     : job.message});
    }
    if (!call.json()) fmt::print("{}", table.text());
    return 0;
  }

  static void print_log(const Job& job) {
    require(!job.log.empty() && fs::exists(job.log), "job {} has written nothing yet", job.id);
    fmt::print("{}", read_file(job.log));
  }

  void start_keeper(const Store& store, int64_t id, std::vector<pid_t>& keepers) const {
    keepers.push_back(static_cast<pid_t>(start_apart(
        {program_folder() + "/conclave-history", "queue", "keep", std::to_string(id), "--history",
         fs::absolute(store.path()).string(), "--interrupt-seconds", fmt::format("{}", patience_.interrupt_s),
         "--terminate-seconds", fmt::format("{}", patience_.terminate_s)})));
  }

  int work(Invocation& call, Store& store, Queue& queue) const {
    std::vector<pid_t> keepers;
    std::map<int64_t, std::string> states;
    int64_t next_sweep = 0;
    while (!interrupted()) {
      if (now_ms() >= next_sweep) {
        store.sweep();
        for (const int64_t id : queue.recover()) {
          log_info("job {} still runs and is kept again", id);
          start_keeper(store, id, keepers);
        }
        next_sweep = now_ms() + 2000;
      }
      while (const auto job = queue.claim({cpu_slots_, gpu_slots_})) start_keeper(store, job->id, keepers);
      std::erase_if(keepers, [](pid_t keeper) { return ::waitpid(keeper, nullptr, WNOHANG) == keeper; });
      bool busy = false;
      for (const Job& job : queue.list(1000)) {
        busy = busy || job.state == "waiting" || job.state == "running";
        std::string& known = states[job.id];
        if (known == job.state) continue;
        const bool first = known.empty() && job.finished_ms;
        known = job.state;
        if (first || job.state == "waiting") continue;
        if (call.json())
          call.out().write(to_json(job));
        else
          fmt::print("{}  job {} {}  {}\n", time_text(now_ms()), job.id, job.state, shell_text(job.argv));
        std::fflush(stdout);
      }
      if (until_empty_ && !busy) return 0;
      std::this_thread::sleep_for(kWorkerTick);
    }
    log_info("running jobs go on; conclave-history queue list shows them");
    return 0;
  }

  int keep(Invocation& call) const {
    const auto ids = numbers();
    require<UsageError>(ids.size() == 1, "queue keep: one job's number is wanted");
    keep_job(call.common().history_path(), ids[0], patience_);
    return 0;
  }

  std::string action_, name_;
  std::vector<std::string> words_, on_retry_, grid_;
  fs::path folder_;
  bool gpu_ = false, until_empty_ = false;
  int64_t slots_ = 1, priority_ = 0, retries_ = 0, cpu_slots_ = 1, gpu_slots_ = 1;
  std::optional<int64_t> random_;
  uint64_t draw_seed_ = 0;
  Patience patience_;
};

}  // namespace

std::unique_ptr<Verb> make_queue_verb() {
  return std::make_unique<QueueVerb>();
}

}  // namespace conclave
