// The process that keeps one job.
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <thread>

#include "framework/base/error.h"
#include "framework/base/log.h"
#include "framework/base/paths.h"
#include "framework/base/stopwatch.h"
#include "framework/history/machine.h"
#include "framework/history/queue.h"

namespace conclave {
namespace fs = std::filesystem;
namespace {

constexpr auto kPoll = std::chrono::milliseconds(100);
constexpr double kAskEvery = 0.5;         // seconds between questions to the history
constexpr double kHistoryPatience = 120;  // seconds for a history that is locked

// The command goes on while the history is out of reach, so its keeper waits, too.
template <class Body>
auto patiently(const Body& body) {
  const Stopwatch watch;
  for (;;) {
    try {
      return body();
    } catch (const UsageError&) {
      throw;
    } catch (const std::exception& e) {
      if (watch.seconds() > kHistoryPatience) throw;
      log_debug("{}", e.what());
      std::this_thread::sleep_for(std::chrono::seconds(1));
    }
  }
}

std::vector<std::string> environment_with(const std::vector<std::pair<std::string, std::string>>& more) {
  std::vector<std::string> all;
  for (char** one = environ; *one; ++one) {
    const std::string text = *one;
    bool replaced = false;
    for (const auto& [name, value] : more) replaced = replaced || text.starts_with(name + "=");
    if (!replaced) all.push_back(text);
  }
  for (const auto& [name, value] : more) all.push_back(name + "=" + value);
  return all;
}

std::vector<char*> pointers(const std::vector<std::string>& words) {
  std::vector<char*> all;
  for (const auto& word : words) all.push_back(const_cast<char*>(word.c_str()));
  all.push_back(nullptr);
  return all;
}

struct Started {
  pid_t child = 0;
  int failure = 0;
};

// In a process group of its own, so that all it starts can be ended with it.
Started start_command(const Job& job, const fs::path& history, const fs::path& log) {
  std::vector<std::string> words = job.argv;
  if (job.tries > 1) words.insert(words.end(), job.retry_argv.begin(), job.retry_argv.end());
  const auto variables =
      environment_with({{"CONCLAVE_HISTORY", fs::absolute(history).string()}, {"CONCLAVE_JOB", job.uuid}});
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, log.c_str(), O_WRONLY | O_CREAT | O_APPEND,
                                     0600);
  ::posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
  if (!job.folder.empty()) ::posix_spawn_file_actions_addchdir_np(&actions, job.folder.c_str());
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  sigset_t none, usual;
  ::sigemptyset(&none);
  ::sigfillset(&usual);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  ::posix_spawnattr_setsigdefault(&attributes, &usual);
  ::posix_spawnattr_setpgroup(&attributes, 0);
  ::posix_spawnattr_setflags(&attributes,
                             POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  Started started;
  started.failure = ::posix_spawnp(&started.child, words[0].c_str(), &actions, &attributes,
                                   pointers(words).data(), pointers(variables).data());
  ::posix_spawnattr_destroy(&attributes);
  ::posix_spawn_file_actions_destroy(&actions);
  return started;
}

// Asks, then tells, then ends; each step once.
class Canceller {
 public:
  Canceller(pid_t group, const Patience& patience) : group_(group), patience_(patience) {}
  /// What has just been done; empty when nothing was.
  std::string step(int64_t cancel_ms) {
    const double seconds = static_cast<double>(now_ms() - cancel_ms) / 1000;
    if (step_ == 0) return send(SIGINT, "cancelling: asked to stop (SIGINT)");
    if (step_ == 1 && seconds >= patience_.interrupt_s)
      return send(SIGTERM, "cancelling: told to end (SIGTERM)");
    if (step_ == 2 && seconds >= patience_.interrupt_s + patience_.terminate_s)
      return send(SIGKILL, "cancelling: killed (SIGKILL)");
    return "";
  }

 private:
  std::string send(int signal, const char* what) {
    ++step_;
    ::kill(-group_, signal);
    return what;
  }
  pid_t group_;
  Patience patience_;
  int step_ = 0;
};

}  // namespace

void keep_job(const fs::path& path, int64_t id, const Patience& patience) {
  const auto with_queue = [&](const auto& body) {
    return patiently([&] {
      const Store store = Store::open(path);
      Queue queue(store);
      return body(queue);
    });
  };
  const Job job = with_queue([&](Queue& queue) { return queue.show(id); });
  const fs::path log = job.log.empty() ? state_home() / "jobs" / (job.uuid + ".log") : fs::path(job.log);
  fs::create_directories(log.parent_path());
  with_queue([&](Queue& queue) { queue.keep(id, log); });

  // A command that an earlier keeper started is only watched: nobody but its parent learns its exit code.
  const bool ours = job.child == 0;
  pid_t child = static_cast<pid_t>(job.child);
  if (ours) {
    const Started started = start_command(job, path, log);
    if (started.failure != 0) {
      with_queue([&](Queue& queue) {
        queue.finish(id, 127,
                     fmt::format("{}: cannot be started: {}", job.argv[0], std::strerror(started.failure)));
      });
      return;
    }
    child = started.child;
    with_queue([&](Queue& queue) { queue.started(id, child); });
  }
  const ProcessId watched = process_of(child);
  Canceller canceller(child, patience);
  std::string message;
  std::optional<int64_t> exit_code;
  for (Stopwatch since_asked;;) {
    int status = 0;
    if (ours && ::waitpid(child, &status, WNOHANG) == child) {
      exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
      break;
    }
    if (!ours && alive(watched) == Alive::no) break;
    if (since_asked.seconds() >= kAskEvery) {
      since_asked = {};
      const auto cancel = with_queue([&](Queue& queue) { return queue.beat(id, message); });
      message.clear();
      if (cancel) message = canceller.step(*cancel);
      if (!message.empty()) with_queue([&](Queue& queue) { return queue.beat(id, message); });
    }
    std::this_thread::sleep_for(kPoll);
  }
  with_queue([&](Queue& queue) { queue.finish(id, exit_code); });
}

int64_t start_apart(const std::vector<std::string>& words) {
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  ::posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
  pid_t child = 0;
  const int failure =
      ::posix_spawn(&child, words.at(0).c_str(), &actions, &attributes, pointers(words).data(), environ);
  ::posix_spawnattr_destroy(&attributes);
  ::posix_spawn_file_actions_destroy(&actions);
  require(failure == 0, "{}: cannot be started: {}", words[0], std::strerror(failure));
  return child;
}

}  // namespace conclave
