#include "framework/base/child_process.h"

#include <gtest/gtest.h>

#include "framework/base/error.h"

namespace conclave {
namespace {

TEST(ChildProcess, TakesOutputAndCode) {
  const auto done = run_child({"/bin/sh", "-c", "printf 'one two'; exit 3"});
  EXPECT_EQ(done.out, "one two");
  EXPECT_EQ(done.code, 3);
}

TEST(ChildProcess, WordsAreNotSplit) {
  EXPECT_EQ(run_child({"/bin/echo", "-n", "a b; $HOME"}).out, "a b; $HOME");
}

TEST(ChildProcess, TakesMoreThanAPipeHolds) {
  EXPECT_EQ(run_child({"/bin/sh", "-c", "head -c 1000000 /dev/zero"}).out.size(), 1000000u);
}

TEST(ChildProcess, TellsWhenItSpokeAndWhatItHeld) {
  const auto done = run_child({"/bin/sh", "-c", "sleep 0.05; echo one; sleep 0.05; echo two"});
  EXPECT_GE(done.first_out_ms, 50);
  EXPECT_GE(done.ms, 100);
  EXPECT_GE(done.ms, done.first_out_ms);
  EXPECT_GT(done.peak_memory, 0);
}

TEST(ChildProcess, MissingProgramIsNamed) {
  EXPECT_THROW(run_child({"/no/such/program"}), Error);
}

}  // namespace
}  // namespace conclave
