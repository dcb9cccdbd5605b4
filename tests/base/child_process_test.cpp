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

TEST(ChildProcess, MissingProgramIsNamed) {
  EXPECT_THROW(run_child({"/no/such/program"}), Error);
}

}  // namespace
}  // namespace conclave
