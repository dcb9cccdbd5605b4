#include "framework/base/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <mutex>
#include <string>

namespace conclave {
namespace {

constexpr std::string_view kClearLine = "\r\x1b[2K";

struct Stderr {
  std::mutex lock;
  std::string status;
};

// Never destroyed: messages may come from threads that outlive main.
Stderr& shared() {
  static auto* instance = new Stderr;
  return *instance;
}

// One write per message keeps lines of several processes whole.
void write_all(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(STDERR_FILENO, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return;
    bytes.remove_prefix(static_cast<size_t>(n));
  }
}

}  // namespace

bool stderr_is_terminal() {
  return ::isatty(STDERR_FILENO) == 1;
}

bool stderr_has_color() {
  const char* no_color = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  return stderr_is_terminal() && !(no_color && *no_color) && !(term && std::string_view(term) == "dumb");
}

int stderr_width() {
  winsize size{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

void print_stderr(std::string_view line) {
  auto& out = shared();
  const std::lock_guard guard(out.lock);
  std::string bytes(out.status.empty() ? std::string_view{} : kClearLine);
  bytes.append(line).append("\n").append(out.status);
  write_all(bytes);
}

void set_status_line(std::string_view text) {
  if (!stderr_is_terminal()) return;
  auto& out = shared();
  const std::lock_guard guard(out.lock);
  if (text.empty() && out.status.empty()) return;
  out.status = text;
  write_all(std::string(kClearLine).append(text));
}

}  // namespace conclave
