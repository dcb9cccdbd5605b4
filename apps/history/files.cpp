// conclave-history check, backup, merge, sync: the history as a file.
#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "apps/history/text.h"
#include "apps/history/verbs.h"
#include "framework/base/error.h"
#include "framework/base/log.h"
#include "framework/history/copy.h"
#include "framework/history/machine.h"

namespace conclave {
namespace fs = std::filesystem;
namespace {

class TemporaryFile {
 public:
  TemporaryFile() : path_(fs::temp_directory_path() / fmt::format("conclave-{}.db", new_uuid())) {}
  ~TemporaryFile() {
    std::error_code ignored;
    for (const char* end : {"", "-wal", "-shm"}) fs::remove(path_.string() + end, ignored);
  }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

Json to_json(const MergeResult& result) {
  return {
      {"added", result.added}, {"updated", result.updated}, {"same", result.same}, {"faults", result.faults}};
}

void tell(Invocation& call, const MergeResult& result) {
  if (call.json()) return call.out().write(to_json(result));
  for (const auto& fault : result.faults) log_warning("{}", fault);
  fmt::print("{} runs added, {} had gone on, {} were the same\n", result.added, result.updated, result.same);
}

class CheckVerb : public HistoryVerb {
 public:
  std::string name() const override { return "check"; }
  std::string summary() const override {
    return "Check the database; take in what was spooled, mark dead runs; repair or save what can be";
  }
  std::string examples() const override {
    return "  conclave-history check\n  conclave-history check --repair\n"
           "  conclave-history check --salvage saved.db";
  }
  void declare(Options& options) override {
    options.add("repair", repair_, "Build indices, outlines of curves and words to search anew");
    options.add("salvage", salvage_, "Write every run that can still be read into this new file");
  }
  int run(Invocation& call) override {
    const auto path = call.common().history_path();
    if (!salvage_.empty()) {
      require<UsageError>(!fs::exists(salvage_), "--salvage: {} is there already", salvage_.string());
      Store saved = Store::open(salvage_);
      const MergeResult result = merge(saved, path, Damage::leave_out);
      tell(call, result);
      return result.faults.empty() ? 0 : 1;
    }
    std::vector<std::string> faults;
    int64_t runs = 0;
    try {
      Store store = open_store(call);  // takes in and marks
      if (repair_) store.rebuild();
      faults = store.check();
      runs = store.count();
    } catch (const DataError& e) {
      faults.emplace_back(e.what());
    }
    if (call.json()) {
      call.out().write({{"path", path.string()}, {"runs", runs}, {"faults", faults}});
    } else if (faults.empty()) {
      fmt::print("{}: {} runs, sound\n", path.string(), runs);
    } else {
      for (const auto& fault : faults) fmt::print("{}\n", fault);
      advise(path);
    }
    return faults.empty() ? 0 : 1;
  }

 private:
  static void advise(const fs::path& path) {
    fmt::print(
        "\nWhat helps, in this order:\n"
        "  1. cp {0} {0}.damaged                      keep it as it is\n"
        "  2. conclave-history check --repair          indices and words to search are built anew\n"
        "  3. conclave-history check --salvage NEW     what can still be read goes into NEW\n"
        "  4. conclave-history merge BACKUP --history NEW   what a backup has and NEW lacks\n"
        "  5. mv NEW {0}, and remove {0}-wal and {0}-shm\n",
        path.string());
  }

  bool repair_ = false;
  fs::path salvage_;
};

class BackupVerb : public HistoryVerb {
 public:
  std::string name() const override { return "backup"; }
  std::string summary() const override {
    return "Copy the history to a file, or to stdout, also while runs go on";
  }
  std::string examples() const override {
    return "  conclave-history backup /mnt/usb/history-$(date +%F).db\n  conclave-history backup - | gzip > "
           "h.gz";
  }
  void declare(Options& options) override {
    options.positional("file", file_, "New file, or - for stdout").required();
  }
  int run(Invocation& call) override {
    const Store store = open_store(call);
    if (file_ != "-") {
      backup(store, file_);
      log_info("{}: {}", file_.string(), bytes_text(static_cast<int64_t>(fs::file_size(file_))));
      return 0;
    }
    require<UsageError>(!::isatty(STDOUT_FILENO), "- is a terminal: send it into a file or a pipe");
    const TemporaryFile copy;
    backup(store, copy.path());
    write_to_stdout(copy.path());
    return 0;
  }

 private:
  static void write_to_stdout(const fs::path& file) {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> in(std::fopen(file.c_str(), "rb"), std::fclose);
    require(in != nullptr, "{}: {}", file.string(), std::strerror(errno));
    std::vector<char> block(size_t{1} << 20);
    while (const size_t n = std::fread(block.data(), 1, block.size(), in.get()))
      require(std::fwrite(block.data(), 1, n, stdout) == n, "stdout: {}", std::strerror(errno));
    require(std::fflush(stdout) == 0, "stdout: {}", std::strerror(errno));
  }

  fs::path file_;
};

class MergeVerb : public HistoryVerb {
 public:
  std::string name() const override { return "merge"; }
  std::string summary() const override { return "Take in the runs of another history, each once"; }
  std::string examples() const override { return "  conclave-history merge ~/laptop/history.db"; }
  void declare(Options& options) override {
    options.positional("files", files_, "Other histories; they are not changed").existing().required();
  }
  int run(Invocation& call) override {
    Store store = Store::open(call.common().history_path());
    for (const auto& file : files_) tell(call, merge(store, file));
    return 0;
  }

 private:
  std::vector<fs::path> files_;
};

// Runs words[0], found on PATH, with its stdout in `file`; returns the exit code.
int run_into(const std::vector<std::string>& words, const fs::path& file) {
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, file.c_str(), O_WRONLY | O_CREAT | O_EXCL,
                                     0600);
  std::vector<char*> argv;
  for (const auto& word : words) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  pid_t child = 0;
  const int failure = ::posix_spawnp(&child, argv[0], &actions, nullptr, argv.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  require(failure == 0, "{}: cannot be started: {}", words[0], std::strerror(failure));
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

class SyncVerb : public HistoryVerb {
 public:
  std::string name() const override { return "sync"; }
  std::string summary() const override { return "Take in the runs of another machine, over ssh"; }
  std::string examples() const override {
    return "  conclave-history sync gpu-box\n"
           "  conclave-history sync me@gpu-box --remote-history /data/history.db";
  }
  void declare(Options& options) override {
    options.positional("hosts", hosts_, "Hosts as ssh knows them").required();
    options.add("remote-history", remote_history_, "The history there; otherwise its usual place");
    options.add("remote-program", remote_program_, "conclave-history there");
    options.add("ssh", ssh_, "The program that reaches the host");
  }
  int run(Invocation& call) override {
    for (const auto& host : hosts_)
      require<UsageError>(!host.empty() && host[0] != '-', "HOSTS: '{}' is no host", host);
    Store store = Store::open(call.common().history_path());
    std::vector<std::string> remote{remote_program_, "backup", "-"};
    if (!remote_history_.empty()) remote.insert(remote.end(), {"--history", remote_history_});
    for (const auto& host : hosts_) {
      const TemporaryFile copy;
      const int code = run_into({ssh_, host, shell_text(remote)}, copy.path());
      require(code == 0, "{}: {} ended with code {}; nothing was taken in", host, ssh_, code);
      tell(call, merge(store, copy.path()));
    }
    return 0;
  }

 private:
  std::vector<std::string> hosts_;
  std::string remote_history_, remote_program_ = "conclave-history", ssh_ = "ssh";
};

}  // namespace

std::unique_ptr<Verb> make_check_verb() {
  return std::make_unique<CheckVerb>();
}
std::unique_ptr<Verb> make_backup_verb() {
  return std::make_unique<BackupVerb>();
}
std::unique_ptr<Verb> make_merge_verb() {
  return std::make_unique<MergeVerb>();
}
std::unique_ptr<Verb> make_sync_verb() {
  return std::make_unique<SyncVerb>();
}

}  // namespace conclave
