// Trees that take back what they have grown.
#include "models/stream/tree/adaptive_tree.h"

#include <gtest/gtest.h>

#include "models/stream/base/fast_math.h"
#include "models/stream/source.h"
#include "models/stream/tree/fast_tree.h"
#include "models/stream/tree/hoeffding_tree.h"

namespace conclave::stream {
namespace {

Schema three_inputs() {
  Schema schema;
  schema.inputs = {Attribute::numeric("a"), Attribute::counted("b", 3), Attribute::numeric("c")};
  schema.label = Attribute::counted("class", 2);
  return schema;
}

// Rows of which the class is (a > 0) or, after `change` rows, (b == 1); the share that is right of the last
// 2000.
template <class Tree>
double accuracy(Tree& tree, int rows, int change, uint64_t seed = 1) {
  Random random(seed);
  double votes[2];
  int right = 0;
  for (int i = 0; i < rows; ++i) {
    const double x[] = {random.chance(0.05) ? kMissing : random.normal(),
                        static_cast<double>(random.below(3)), random.normal()};
    const int label = i < change ? x[0] > 0 : x[1] == 1;
    tree.test_then_train(x, label, 1, votes);
    if (i > 0) {
      EXPECT_NEAR(votes[0] + votes[1], 1, 1e-9);
    }
    if (i >= rows - 2000) right += arg_max(votes, 2) == label;
  }
  return right / 2000.0;
}

TEST(AdaptiveTree, SwitchesToARivalAfterADrift) {
  AdaptiveTree tree(three_inputs(), {});
  HoeffdingTree other(three_inputs(), {});
  EXPECT_GT(accuracy(tree, 20000, 20000), 0.95);
  EXPECT_GE(tree.leaves(), 2);
  EXPECT_GT(accuracy(tree, 20000, 0), 0.99);
  EXPECT_GE(tree.switches(), 1);
  accuracy(other, 20000, 20000);
  EXPECT_LT(accuracy(other, 3000, 0), 0.99);
}

TEST(FastTree, SplitsEarlierThanAHoeffdingTree) {
  TreeOptions options;
  FastTree fast(three_inputs(), options, 2000);
  HoeffdingTree usual(three_inputs(), options);
  // Two attributes that say the same: the usual tree waits until it can tell which is better.
  Random random(2);
  double votes[2];
  int fast_at = -1, usual_at = -1;
  for (int i = 0; i < 6000; ++i) {
    const double a = random.normal(), x[] = {a, 0, a + 0.001 * random.normal()};
    const int label = a + 0.5 * random.normal() > 0;
    fast.test_then_train(x, label, 1, votes);
    usual.test_then_train(x, label, 1, votes);
    if (fast_at < 0 && fast.leaves() > 1) fast_at = i;
    if (usual_at < 0 && usual.leaves() > 1) usual_at = i;
  }
  ASSERT_GE(fast_at, 0);
  EXPECT_TRUE(usual_at < 0 || fast_at < usual_at) << fast_at << " " << usual_at;
}

TEST(FastTree, RevisesASplitThatWasTooEarly) {
  FastTree tree(three_inputs(), {}, 500);
  accuracy(tree, 3000, 3000);
  EXPECT_GE(tree.leaves(), 2);
  EXPECT_GT(accuracy(tree, 30000, 0, 3), 0.97);
  EXPECT_GE(tree.revisions(), 1);
}

template <class Tree, class... More>
void keeps_to_its_memory(More... more) {
  TreeOptions options;
  options.max_bytes = 60000;
  options.grace_period = 50;
  options.split_confidence = 0.1;
  Tree tree(three_inputs(), options, more...);
  Random random(5);
  double votes[2];
  for (int i = 0; i < 60000; ++i) {
    const double x[] = {random.uniform(), static_cast<double>(random.below(3)), random.uniform()};
    const int label = (static_cast<int>(x[0] * 16) + static_cast<int>(x[2] * 16)) % 2;
    tree.test_then_train(x, label, 1, votes);
    ASSERT_LT(tree.bytes(), 2 * options.max_bytes) << i;
  }
  EXPECT_GT(tree.leaves(), 4);
  // Leaves at rest come back as such.
  Tree again(three_inputs(), options, more...);
  Archive save;
  tree.fields(save);
  Archive load(save.bytes(), "test");
  again.fields(load);
  EXPECT_TRUE(load.done());
  for (int i = 0; i < 3000; ++i) {
    const double x[] = {random.uniform(), static_cast<double>(random.below(3)), random.uniform()};
    double other[2];
    tree.test_then_train(x, i % 2, 1, votes);
    again.test_then_train(x, i % 2, 1, other);
    ASSERT_EQ(votes[0], other[0]) << i;
  }
}

TEST(AdaptiveTree, KeepsToItsMemory) {
  keeps_to_its_memory<AdaptiveTree>();
}
TEST(HoeffdingTree, KeepsToItsMemoryAndComesBackWithLeavesAtRest) {
  keeps_to_its_memory<HoeffdingTree>();
}
TEST(FastTree, KeepsToItsMemory) {
  keeps_to_its_memory<FastTree>(2000);
}

template <class Tree, class... More>
void refuses_broken_bytes(More... more) {
  Tree tree(three_inputs(), {}, more...);
  accuracy(tree, 12000, 6000);
  Archive save;
  tree.fields(save);
  for (size_t at = 0; at < save.bytes().size(); at += 1 + save.bytes().size() / 211) {
    Tree cut(three_inputs(), {}, more...);
    Archive broken(std::string_view(save.bytes()).substr(0, at), "cut");
    EXPECT_THROW(cut.fields(broken), DataError) << at;
    // A changed byte is refused or leads to a tree that can be asked.
    std::string changed = save.bytes();
    changed[at] = static_cast<char>(changed[at] ^ 0x41);
    Tree other(three_inputs(), {}, more...);
    Archive load(changed, "changed");
    const double x[] = {0.5, 1, kMissing};
    try {
      other.fields(load);
      if (other.classes() > 2) continue;
      double votes[2];
      other.test_then_train(x, 1, 1, votes);
    } catch (const DataError&) {
    }
  }
}

TEST(AdaptiveTree, RefusesBrokenBytes) {
  refuses_broken_bytes<AdaptiveTree>();
}
TEST(FastTree, RefusesBrokenBytes) {
  refuses_broken_bytes<FastTree>(2000);
}

}  // namespace
}  // namespace conclave::stream
