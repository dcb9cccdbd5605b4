#include "framework/base/random.h"

#include <gtest/gtest.h>

#include <set>

namespace conclave {
namespace {

// Known answers of the reference implementation (Random123, kat_vectors).
TEST(Random, PhiloxKnownAnswers) {
  using Block = std::array<uint32_t, 4>;
  EXPECT_EQ(philox4x32({0, 0, 0, 0}, {0, 0}), (Block{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  const uint32_t f = 0xffffffff;
  EXPECT_EQ(philox4x32({f, f, f, f}, {f, f}), (Block{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (Block{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Random, SeekContinuesBitForBit) {
  Random a(7, "order");
  for (int i = 0; i < 13; ++i) a();
  Random b(7, "order");
  b.seek(a.position());
  for (int i = 0; i < 20; ++i) EXPECT_EQ(a(), b());
}

TEST(Random, StreamsDiffer) {
  EXPECT_NE(Random(7, "a")(), Random(7, "b")());
}

TEST(Random, PermutationHoldsEveryIndexOnce) {
  const auto order = Random(3).permutation(100);
  EXPECT_EQ(std::set<int64_t>(order.begin(), order.end()).size(), 100u);
}

TEST(Random, BelowIsEven) {
  Random random(1);
  std::array<int, 5> count{};
  for (int i = 0; i < 50000; ++i) ++count[random.below(5)];
  for (const int c : count) EXPECT_NEAR(c, 10000, 400);
}

}  // namespace
}  // namespace conclave
