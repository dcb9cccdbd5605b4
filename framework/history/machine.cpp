#include "framework/history/machine.h"

#include <signal.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>
#include <thread>

#include "framework/base/error.h"

namespace conclave {
namespace fs = std::filesystem;
namespace {

std::string first_line(const fs::path& file) {
  std::ifstream in(file);
  std::string line;
  std::getline(in, line);
  return line;
}

struct Stat {
  char state = 0;     // 'Z': dead, but not waited for
  int64_t start = 0;  // ticks; 0 when there is no such process
};

// Fields 3 and 22 of /proc/PID/stat; the name in field 2 may hold blanks and brackets.
Stat read_stat(int64_t pid) {
  const std::string stat = first_line(fmt::format("/proc/{}/stat", pid));
  const size_t bracket = stat.rfind(')');
  if (bracket == std::string::npos) return {};
  std::istringstream fields(stat.substr(bracket + 1));
  std::string field, state;
  fields >> state;
  for (int i = 4; i <= 22; ++i) fields >> field;
  return {state.empty() ? '\0' : state[0], std::strtoll(field.c_str(), nullptr, 10)};
}

}  // namespace

ProcessId this_process() {
  ProcessId self;
  char host[256] = {};
  ::gethostname(host, sizeof host - 1);
  self.host = host;
  self.boot_id = first_line("/proc/sys/kernel/random/boot_id");
  std::error_code ignored;
  self.pid_space = fs::read_symlink("/proc/self/ns/pid", ignored).string();
  self.pid = ::getpid();
  self.start = read_stat(self.pid).start;
  return self;
}

ProcessId process_of(int64_t pid) {
  ProcessId process = this_process();
  process.pid = pid;
  process.start = read_stat(pid).start;
  return process;
}

Alive alive(const ProcessId& process) {
  const ProcessId self = this_process();
  if (process.host != self.host || process.pid <= 0) return Alive::unknown;
  if (process.boot_id != self.boot_id) return Alive::no;
  if (process.pid_space != self.pid_space) return Alive::unknown;
  if (::kill(static_cast<pid_t>(process.pid), 0) != 0 && errno == ESRCH) return Alive::no;
  const auto [state, start] = read_stat(process.pid);
  if (state == 'Z') return Alive::no;
  return start == 0 || process.start == 0 || start == process.start ? Alive::yes : Alive::no;
}

Json describe_machine() {
  std::string cpu;
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);)
    if (line.starts_with("model name")) {
      cpu = line.substr(std::min(line.size(), line.find(':') + 2));
      break;
    }
  utsname system{};
  ::uname(&system);
  return {{"cpu", cpu},
          {"cores", std::thread::hardware_concurrency()},
          {"memory_bytes", static_cast<int64_t>(::sysconf(_SC_PHYS_PAGES)) * ::sysconf(_SC_PAGE_SIZE)},
          {"system", fmt::format("{} {}", system.sysname, system.release)}};
}

std::string git_state() {
  // Without locks, watchers or patience: a run never waits for a repository.
  const char* command =
      "GIT_OPTIONAL_LOCKS=0 timeout 2 git -c core.fsmonitor=false describe --always --dirty --abbrev=40 "
      "--exclude='*' 2>/dev/null";
  std::FILE* pipe = ::popen(command, "r");
  if (!pipe) return "";
  char line[128] = {};
  std::string state = std::fgets(line, sizeof line, pipe) ? line : "";
  if (::pclose(pipe) != 0) return "";
  while (!state.empty() && state.back() == '\n') state.pop_back();
  return state;
}

std::string new_uuid() {
  std::random_device random;
  uint32_t word[4];
  for (auto& w : word) w = random();
  word[1] = (word[1] & 0xffff0fffu) | 0x4000u;      // version 4
  word[2] = (word[2] & 0x3fffffffu) | 0x80000000u;  // variant 1
  return fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:04x}{:08x}", word[0], word[1] >> 16, word[1] & 0xffff,
                     word[2] >> 16, word[2] & 0xffff, word[3]);
}

int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

const char* network_filesystem_name(int64_t type) {
  switch (type & 0xffffffff) {
    case 0x6969:
      return "nfs";
    case 0x517b:
      return "smb";
    case 0xff534d42:
      return "cifs";
    case 0xfe534d42:
      return "smb2";
    case 0x5346414f:
      return "afs";
    case 0x00c36400:
      return "ceph";
    case 0x0bd00bd0:
      return "lustre";
    case 0x47504653:
      return "gpfs";
    case 0x19830326:
      return "beegfs";
    case 0x01021997:
      return "9p";
    default:
      return "";
  }
}

std::string network_filesystem(const std::string& folder) {
  std::error_code ignored;
  fs::path place = fs::absolute(folder, ignored);
  while (!fs::exists(place, ignored) && place != place.parent_path()) place = place.parent_path();
  struct statfs about {};
  return ::statfs(place.c_str(), &about) == 0 ? network_filesystem_name(about.f_type) : "";
}

}  // namespace conclave
