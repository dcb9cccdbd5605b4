// What goes to stderr, and what a signal does: each case in a child process.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <optional>
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

TEST(Progress, TheRateKeepsItsUnit) {
  EXPECT_EQ(progress_text("t", 9, 0, 0, "", 10, "", RateUnit::per_second), "t  9  0.90/s");
  EXPECT_EQ(progress_text("t", 20, 0, 0, "", 10, "", RateUnit::seconds_each), "t  20  0.50 s each");
}

TEST(Progress, ANarrowTerminalLosesTheLastWordsFirst) {
  const auto text = [](size_t room) {
    return progress_text("train learn", 71, 0, 100, "steps", 71, "loss 0.412  accuracy 0.51  rate 1e-3",
                         RateUnit::open, room);
  };
  EXPECT_EQ(text(200),
            "train learn  71/100 steps (71%)  loss 0.412  accuracy 0.51  rate 1e-3  1.0/s  29.0 s left");
  EXPECT_EQ(text(78), "train learn  71/100 steps (71%)  loss 0.412  accuracy 0.51  1.0/s  29.0 s left");
  EXPECT_EQ(text(65), "train learn  71/100 steps (71%)  loss 0.412  1.0/s  29.0 s left");
  EXPECT_EQ(text(50), "train learn  71/100 steps (71%)  loss 0.412  1.0/s");
  EXPECT_EQ(text(45), "train learn  71/100 steps (71%)  loss 0.412");
  EXPECT_EQ(text(40), "train learn  71/100  loss 0.412");
  EXPECT_EQ(text(20), "train learn  71/100 ");
}

TEST(Progress, Durations) {
  EXPECT_EQ(duration_text(0.85), "850 ms");
  EXPECT_EQ(duration_text(12.34), "12.3 s");
  EXPECT_EQ(duration_text(7500), "2 h 05 min");
  EXPECT_EQ(duration_text(273600), "3 d 4 h");
}

// What `body` writes to a terminal of `columns` columns; nullopt where there are no terminals.
std::optional<std::string> shown_on_terminal(uint16_t columns, const std::function<void()>& body) {
  const int control = ::posix_openpt(O_RDWR | O_NOCTTY);
  if (control < 0 || ::grantpt(control) != 0 || ::unlockpt(control) != 0) return std::nullopt;
  winsize size{};
  size.ws_row = 24;
  size.ws_col = columns;
  ::ioctl(control, TIOCSWINSZ, &size);
  const int terminal = ::open(::ptsname(control), O_RDWR | O_NOCTTY);
  if (terminal < 0) return std::nullopt;
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(terminal, STDERR_FILENO);
    body();
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  char block[4096];
  const ssize_t n = ::read(control, block, sizeof block);
  ::close(terminal);
  ::close(control);
  return std::string(block, static_cast<size_t>(std::max<ssize_t>(n, 0)));
}

TEST(Progress, BarOnATerminal) {
  const auto shown = shown_on_terminal(100, [] {
    Progress progress("train", 10, "steps");
    progress.note("loss 0.41");
    ::usleep(600'000);
    progress.advance(4);
    log_info("a line in between");
    progress.advance(6);
  });
  if (!shown) GTEST_SKIP() << "no pseudo-terminal";
  EXPECT_THAT(*shown, HasSubstr("train  4/10 steps (40%)  loss 0.41"));
  // The bar is taken away, the line written, the bar drawn again.
  EXPECT_THAT(*shown, HasSubstr("\r\x1b[2Ka line in between\r\n["));
  const size_t last = shown->find("train  10/10 steps");
  ASSERT_NE(last, shown->npos);
  EXPECT_EQ(shown->find("train  10/10 steps", last + 1), shown->npos) << "the last line stays, once";
}

TEST(Progress, ALineNeverWrapsNotEvenWithTheKeysOfAnInterrupt) {
  const auto shown = shown_on_terminal(60, [] {
    Progress progress("train learn", 100, "steps");
    progress.note("loss 0.412  accuracy.something 0.51  loss.something 0.40  rate 1.0e-03");
    ::usleep(600'000);
    progress.advance(71);
  });
  if (!shown) GTEST_SKIP() << "no pseudo-terminal";
  constexpr size_t kRoom = 60 - 3;
  EXPECT_THAT(*shown, HasSubstr("loss 0.412"));
  for (size_t at = 0; at < shown->size();) {
    const size_t end = std::min(shown->find_first_of("\r\n", at), shown->size());
    const std::string line = shown->substr(at, end - at);
    EXPECT_LE(line.size(), kRoom + (line.starts_with("\x1b[2K") ? 4 : 0)) << line;
    at = end + 1;
  }
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
