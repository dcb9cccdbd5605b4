#include "framework/base/child_process.h"

#include <fcntl.h>
#include <spawn.h>
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

ChildOutput run_child(const std::vector<std::string>& words) {
  int pipe_ends[2];
  require(::pipe2(pipe_ends, O_CLOEXEC) == 0, "{}: no pipe: {}", words.at(0), std::strerror(errno));
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, pipe_ends[1], STDOUT_FILENO);
  std::vector<char*> argv;
  for (const auto& word : words) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
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
  const char* path = std::getenv("PATH");
  std::istringstream folders(path ? path : "");
  for (std::string folder; std::getline(folders, folder, ':');)
    if (const auto file = std::filesystem::path(folder) / name; std::filesystem::exists(file))
      return file.string();
  return {};
}

std::string program_folder() {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path().string();
}

}  // namespace conclave
