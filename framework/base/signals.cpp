#include "framework/base/signals.h"

#include <signal.h>
#include <unistd.h>

#include <atomic>

namespace conclave {
namespace {

std::atomic<int> asked{0};
static_assert(std::atomic<int>::is_always_lock_free, "signal handlers may use lock-free atomics only");

extern "C" void on_signal(int) {
  if (asked.fetch_add(1) >= 1) ::_exit(130);
}

}  // namespace

void install_signal_handlers() {
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;
  ::sigemptyset(&action.sa_mask);
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
  // A terminal that closes stops a run as Ctrl-C does, but for one under nohup.
  struct sigaction before {};
  ::sigaction(SIGHUP, nullptr, &before);
  if (before.sa_handler != SIG_IGN) ::sigaction(SIGHUP, &action, nullptr);
}

bool interrupted() noexcept {
  return asked.load(std::memory_order_relaxed) > 0;
}

void throw_if_interrupted() {
  if (interrupted()) throw Interrupted();
}

void request_interrupt() noexcept {
  asked.fetch_add(1);
}
void clear_interrupt() noexcept {
  asked = 0;
}

}  // namespace conclave
