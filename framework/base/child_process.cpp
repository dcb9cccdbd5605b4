#include "framework/base/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <sstream>

#include "framework/base/error.h"
#include "framework/base/stopwatch.h"

namespace conclave {
namespace {

constexpr int kLookMs = 20;                      // between looks at a child that is fed
constexpr size_t kMostErrors = size_t{4} << 10;  // bytes of its stderr that are kept, the last ones

std::vector<char*> argv_of(const std::vector<std::string>& words) {
  std::vector<char*> argv;
  for (const auto& word : words) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  return argv;
}

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return number_; }

 private:
  int number_;
};

// A file in memory, so that a child that never reads keeps nobody waiting.
int file_with(std::string_view content) {
  const int file = ::memfd_create("input", MFD_CLOEXEC);
  if (file < 0) return -1;
  while (!content.empty()) {
    const ssize_t n = ::write(file, content.data(), content.size());
    if (n < 0 && errno != EINTR) return ::close(file), -1;
    if (n > 0) content.remove_prefix(static_cast<size_t>(n));
  }
  ::lseek(file, 0, SEEK_SET);
  return file;
}

// Takes what is there, waiting a little for more; keeps the end of it.
void take_errors(int from, int wait_ms, std::string& errors) {
  pollfd ready{from, POLLIN, 0};
  char block[4096];
  if (::poll(&ready, 1, wait_ms) <= 0) return;
  const ssize_t n = ::read(from, block, sizeof block);
  if (n > 0) errors.append(block, static_cast<size_t>(n));
  if (n == 0 && wait_ms > 0) ::poll(nullptr, 0, wait_ms);  // it has closed its stderr and goes on
  if (errors.size() > kMostErrors) errors.erase(0, errors.size() - kMostErrors);
}

std::string last_line(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  const size_t before = text.rfind('\n');
  return before == std::string::npos ? text : text.substr(before + 1);
}

}  // namespace

std::string feed_child(const std::vector<std::string>& words, std::string_view input,
                       std::chrono::milliseconds patience, const std::atomic<bool>& stop) {
  const Descriptor content(file_with(input));
  int pipe_ends[2] = {-1, -1};
  if (content.get() < 0 || ::pipe2(pipe_ends, O_CLOEXEC) != 0)
    return fmt::format("{}: cannot be started: {}", words.at(0), std::strerror(errno));
  const Descriptor errors_out(pipe_ends[0]);
  pid_t child = 0;
  int failure = 0;
  {
    const Descriptor errors_in(pipe_ends[1]);
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, content.get(), STDIN_FILENO);
    ::posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    ::posix_spawn_file_actions_adddup2(&actions, errors_in.get(), STDERR_FILENO);
    posix_spawnattr_t attributes;
    ::posix_spawnattr_init(&attributes);
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    ::posix_spawnattr_setpgroup(&attributes, 0);
    auto argv = argv_of(words);
    failure = ::posix_spawnp(&child, argv[0], &actions, &attributes, argv.data(), environ);
    ::posix_spawnattr_destroy(&attributes);
    ::posix_spawn_file_actions_destroy(&actions);
  }
  if (failure != 0) return fmt::format("{}: cannot be started: {}", words[0], std::strerror(failure));

  const Stopwatch watch;
  std::string errors, killed;
  int status = 0;
  for (;;) {
    take_errors(errors_out.get(), kLookMs, errors);
    const pid_t ended = ::waitpid(child, &status, WNOHANG);
    if (ended == child || (ended < 0 && errno != EINTR)) break;
    if (!killed.empty() || (!stop && watch.ms() < static_cast<double>(patience.count()))) continue;
    killed = stop ? "was stopped"
                  : fmt::format("was stopped: it took longer than {:g} s",
                                static_cast<double>(patience.count()) / 1000);
    ::kill(-child, SIGKILL);
  }
  take_errors(errors_out.get(), 0, errors);
  const std::string why = last_line(errors), behind = why.empty() ? "" : ": " + why;
  if (!killed.empty()) return fmt::format("{} {}", words[0], killed);
  if (WIFSIGNALED(status)) return fmt::format("{} crashed (signal {}){}", words[0], WTERMSIG(status), behind);
  if (WEXITSTATUS(status) != 0)
    return fmt::format("{} ended with exit code {}{}", words[0], WEXITSTATUS(status), behind);
  return {};
}

ChildOutput run_child(const std::vector<std::string>& words) {
  int pipe_ends[2];
  require(::pipe2(pipe_ends, O_CLOEXEC) == 0, "{}: no pipe: {}", words.at(0), std::strerror(errno));
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, pipe_ends[1], STDOUT_FILENO);
  auto argv = argv_of(words);
  const Stopwatch watch;
  pid_t child = 0;
  const int failure = ::posix_spawn(&child, argv[0], &actions, nullptr, argv.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(pipe_ends[1]);
  if (failure != 0) {
    ::close(pipe_ends[0]);
    throw Error(fmt::format("{}: cannot be started: {}", words[0], std::strerror(failure)));
  }
  ChildOutput output;
  char block[4096];
  for (;;) {
    const ssize_t n = ::read(pipe_ends[0], block, sizeof block);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    if (output.out.empty()) output.first_out_ms = watch.ms();
    output.out.append(block, static_cast<size_t>(n));
  }
  ::close(pipe_ends[0]);
  int status = 0;
  rusage used{};
  while (::wait4(child, &status, 0, &used) < 0 && errno == EINTR) {
  }
  output.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  output.ms = watch.ms();
  if (output.out.empty()) output.first_out_ms = output.ms;
  output.peak_memory = int64_t{used.ru_maxrss} * 1024;
  return output;
}

std::string find_program(const std::string& name) {
  const auto is_program = [](const std::filesystem::path& file) {
    std::error_code ignored;
    return std::filesystem::is_regular_file(file, ignored) && ::access(file.c_str(), X_OK) == 0;
  };
  if (name.find('/') != std::string::npos) return is_program(name) ? name : "";
  const char* path = std::getenv("PATH");
  std::istringstream folders(path ? path : "");
  for (std::string folder; std::getline(folders, folder, ':');)
    if (const auto file = std::filesystem::path(folder) / name; !folder.empty() && is_program(file))
      return file.string();
  return {};
}

std::string program_folder() {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path().string();
}

}  // namespace conclave
