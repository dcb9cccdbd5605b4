// What goes to stderr, and what a signal does: each case in a child process.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "framework/base/log.h"
#include "framework/base/progress.h"
#include "framework/base/signals.h"
#include "framework/base/terminal.h"
#include "testing/process.h"

namespace conclave {
namespace {

using ::testing::HasSubstr;
using testing::in_child;
using ::testing::Not;

TEST(Log, GoesToStderrAlone) {
  const auto outcome = in_child([] {
    log_info("loaded {} of {}", 3, 4);
    log_warning("slow");
    log_debug("hidden");
    return 0;
  });
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(outcome.err, "loaded 3 of 4\nwarning: slow\n");
}

TEST(Log, QuietKeepsWarningsAndErrors) {
  const auto outcome = in_child([] {
    set_quiet(true);
    log_info("loaded");
    log_warning("slow {{}}");
    log_error("broken");
    return 0;
  });
  EXPECT_EQ(outcome.err, "warning: slow {}\nerror: broken\n");
}

TEST(Log, LinesOfThreadsStayWhole) {
  const auto outcome = in_child([] {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t)
      threads.emplace_back([] {
        for (int i = 0; i < 50; ++i) log_info("{}", std::string(60, 'x'));
      });
    return 0;
  });
  EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 200);
  EXPECT_THAT(outcome.err, Not(HasSubstr(std::string(61, 'x'))));
}

TEST(Progress, NothingForShortWorkOrIntoAPipe) {
  const auto outcome = in_child([] {
    Progress progress("read", 100);
    for (int i = 0; i < 100; ++i) progress.advance();
    return 0;
  });
  EXPECT_EQ(outcome.out + outcome.err, "");
}

TEST(Progress, TextNamesRateAndTimeLeft) {
  EXPECT_EQ(progress_text("train", 1200, 0, 4000, "steps", 96),
            "train  1200/4000 steps (30%)  12.5/s  3 min 44 s left");
  // A resumed run: 1000 steps were done before.
  EXPECT_EQ(progress_text("train", 1200, 1000, 4000, "steps", 20),
            "train  1200/4000 steps (30%)  10.0/s  4 min 40 s left");
  EXPECT_EQ(progress_text("read", 5, 0, 0, "", 10), "read  5  2.0 s each");
  EXPECT_EQ(progress_text("read", 0, 0, 10, "", 0), "read  0/10 (0%)");
  EXPECT_EQ(progress_text("read", 12, 0, 10, "", 1), "read  12/10 (100%)  12.0/s");
}

TEST(Progress, Durations) {
  EXPECT_EQ(duration_text(0.85), "850 ms");
  EXPECT_EQ(duration_text(12.34), "12.3 s");
  EXPECT_EQ(duration_text(7500), "2 h 05 min");
  EXPECT_EQ(duration_text(273600), "3 d 4 h");
}

TEST(Progress, BarOnATerminal) {
  const int control = ::posix_openpt(O_RDWR | O_NOCTTY);
  if (control < 0 || ::grantpt(control) != 0 || ::unlockpt(control) != 0)
    GTEST_SKIP() << "no pseudo-terminal";
  const int terminal = ::open(::ptsname(control), O_RDWR | O_NOCTTY);
  ASSERT_GE(terminal, 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(terminal, STDERR_FILENO);
    Progress progress("train", 10, "steps");
    progress.note("loss 0.41");
    ::usleep(600'000);
    progress.advance(4);
    log_info("a line in between");
    progress.advance(6);
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  char block[4096];
  const ssize_t n = ::read(control, block, sizeof block);
  const std::string shown(block, static_cast<size_t>(std::max<ssize_t>(n, 0)));
  ::close(terminal);
  ::close(control);
  EXPECT_THAT(shown, HasSubstr("train  4/10 steps (40%)"));
  EXPECT_THAT(shown, HasSubstr("loss 0.41"));
  // The bar is taken away, the line written, the bar drawn again.
  EXPECT_THAT(shown, HasSubstr("\r\x1b[2Ka line in between\r\n["));
}

TEST(Signals, FirstSetsAFlagSecondEndsAtOnce) {
  const auto one = in_child([] {
    install_signal_handlers();
    ::raise(SIGINT);
    return interrupted() ? 7 : 8;
  });
  EXPECT_EQ(one.code, 7);
  const auto two = in_child([] {
    install_signal_handlers();
    ::raise(SIGTERM);
    ::raise(SIGINT);
    return 9;
  });
  EXPECT_EQ(two.code, 130);
}

TEST(Signals, InterruptedThrows) {
  clear_interrupt();
  EXPECT_NO_THROW(throw_if_interrupted());
  request_interrupt();
  EXPECT_THROW(throw_if_interrupted(), Interrupted);
  clear_interrupt();
  EXPECT_FALSE(interrupted());
}

}  // namespace
}  // namespace conclave
