#include "models/stream/java_random.h"

#include <gtest/gtest.h>

namespace conclave::stream {
namespace {

// Known answers of java.util.Random with seed 42 (from Java itself).
TEST(JavaRandom, DrawsWhatJavaDraws) {
  JavaRandom ints(42);
  EXPECT_EQ(ints.next_int(), -1170105035);
  EXPECT_EQ(ints.next_int(), 234785527);
  JavaRandom bounded(42);
  EXPECT_EQ(bounded.next_int(10), 0);
  EXPECT_EQ(bounded.next_int(10), 3);
  EXPECT_EQ(bounded.next_int(16), 10);
  JavaRandom doubles(42);
  EXPECT_EQ(doubles.next_double(), 0.7275636800328681);
  JavaRandom gaussians(42);
  EXPECT_EQ(gaussians.next_gaussian(), 1.1419053154730547);
  EXPECT_EQ(gaussians.next_gaussian(), 0.9194079489827879);
}

TEST(JavaRandom, StaysInBoundsWhereTheLastBlockIsIncomplete) {
  JavaRandom random(-5);
  const int bound = (1 << 30) + 1;
  for (int i = 0; i < 10000; ++i) {
    const int drawn = random.next_int(bound);
    ASSERT_GE(drawn, 0);
    ASSERT_LT(drawn, bound);
  }
}

}  // namespace
}  // namespace conclave::stream
