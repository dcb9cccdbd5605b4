#include "framework/nn/attend.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "framework/base/error.h"
#include "testing/numeric.h"

namespace conclave {
namespace {

using testing::check_gradient;
using testing::max_difference;

// Two loops over queries and keys of one head; `sees(i, j)` decides who looks at whom.
template <class Sees>
Tensor by_loops(const Tensor& q, const Tensor& k, const Tensor& v, Sees sees) {
  Tensor y = at::zeros({q.size(0), v.size(1)}, at::kDouble);
  for (int64_t i = 0; i < q.size(0); ++i) {
    double total = 0;
    for (int64_t j = 0; j < k.size(0); ++j) {
      if (!sees(i, j)) continue;
      const double w = std::exp((q[i] * k[j]).sum().item<double>() / std::sqrt(q.size(1)));
      total += w;
      y[i] += w * v[j].to(at::kDouble);
    }
    y[i] /= total;
  }
  return y;
}

TEST(Attend, CausalGroupedHeadsMatchLoops) {
  at::manual_seed(1);
  const Tensor q = at::randn({2, 4, 5, 8}), k = at::randn({2, 2, 5, 8}), v = at::randn({2, 2, 5, 8});
  const KeyValue piece{k, v};
  const Tensor y = attend(q, {&piece, 1}, {.causal = true});
  for (int64_t n = 0; n < 2; ++n) {
    for (int64_t h = 0; h < 4; ++h) {
      const Tensor expected =
          by_loops(q[n][h], k[n][h / 2], v[n][h / 2], [](int64_t i, int64_t j) { return j <= i; });
      EXPECT_LT(max_difference(y[n][h], expected), 1e-5);
    }
  }
}

// R rows of `shared` keys, each read by `share` of the N = 4·share query rows, which also have `own` keys.
// Both ways of computing are met: few and many own keys beside the shared ones.
struct Sizes {
  int64_t shared, share, own;
};
class SharedPieces : public ::testing::TestWithParam<Sizes> {};
INSTANTIATE_TEST_SUITE_P(Attend, SharedPieces,
                         ::testing::Values(Sizes{5, 3, 3}, Sizes{2, 6, 4}, Sizes{1, 1, 2}, Sizes{7, 4, 1}));

TEST_P(SharedPieces, MatchLoops) {
  at::manual_seed(2);
  const auto [shared, share, own] = GetParam();
  const int64_t rows = 2 * share, keys = shared + own;
  for (const int64_t queries : {int64_t{1}, own}) {
    const Tensor q = at::randn({rows, 4, queries, 8});
    const std::vector<KeyValue> pieces{{at::randn({2, 2, shared, 8}), at::randn({2, 2, shared, 8})},
                                       {at::randn({rows, 2, own, 8}), at::randn({rows, 2, own, 8})}};
    const Tensor some = (at::rand({rows, 1, queries, keys}) < 0.6).logical_or(at::arange(keys) == shared);
    for (const Tensor& allowed : {Tensor(), some, some.narrow(0, 0, 1), some.narrow(2, 0, 1)}) {
      const Tensor y = attend(q, pieces, {.allowed = allowed});
      const Tensor sees = allowed.defined() ? allowed.expand({rows, 1, queries, keys})
                                            : at::ones({rows, 1, queries, keys}, at::kBool);
      for (int64_t n = 0; n < rows; ++n) {
        for (int64_t h = 0; h < 4; h += 3) {
          const Tensor k = at::cat({pieces[0].k_RHLC[n / share][h / 2], pieces[1].k_RHLC[n][h / 2]});
          const Tensor v = at::cat({pieces[0].v_RHLC[n / share][h / 2], pieces[1].v_RHLC[n][h / 2]});
          const Tensor expected =
              by_loops(q[n][h], k, v, [&](int64_t i, int64_t j) { return sees[n][0][i][j].item<bool>(); });
          EXPECT_LT(max_difference(y[n][h], expected), 1e-5);
        }
      }
    }
  }
}

TEST_P(SharedPieces, GradientsMatchFiniteDifferences) {
  at::manual_seed(3);
  const auto [shared, share, own] = GetParam();
  const int64_t rows = 2 * share;
  std::vector<Tensor> leaves{at::randn({rows, 2, 2, 4}), at::randn({2, 1, shared, 4}),
                             at::randn({2, 1, shared, 4}), at::randn({rows, 1, own, 4}),
                             at::randn({rows, 1, own, 4})};
  for (auto& leaf : leaves) leaf.set_requires_grad(true);
  const Tensor mix = at::randn({rows, 2, 2, 4});
  const auto loss = [&] {
    const std::vector<KeyValue> pieces{{leaves[1], leaves[2]}, {leaves[3], leaves[4]}};
    return (attend(leaves[0], pieces, {}) * mix).sum();
  };
  for (auto& leaf : leaves) check_gradient(loss, leaf, 4e-3, 1e-2, 12);
}

TEST(Attend, ThreeLevelsOfPiecesMatchLoops) {
  at::manual_seed(4);
  const Tensor q = at::randn({8, 2, 2, 8});
  const std::vector<KeyValue> pieces{{at::randn({2, 1, 3, 8}), at::randn({2, 1, 3, 8})},
                                     {at::randn({4, 1, 2, 8}), at::randn({4, 1, 2, 8})},
                                     {at::randn({8, 1, 2, 8}), at::randn({8, 1, 2, 8})}};
  const Tensor y = attend(q, pieces, {});
  for (int64_t n = 0; n < 8; ++n) {
    std::vector<Tensor> k, v;
    for (const auto& piece : pieces) {
      const int64_t row = n / (8 / piece.k_RHLC.size(0));
      k.push_back(piece.k_RHLC[row][0]);
      v.push_back(piece.v_RHLC[row][0]);
    }
    const Tensor expected = by_loops(q[n][1], at::cat(k), at::cat(v), [](int64_t, int64_t) { return true; });
    EXPECT_LT(max_difference(y[n][1], expected), 1e-5);
  }
}

TEST(Attend, NoRowsAndNoTokens) {
  const auto run = [](int64_t rows, int64_t tokens) {
    const KeyValue piece{at::randn({rows, 1, tokens, 4}), at::randn({rows, 1, tokens, 4})};
    return attend(at::randn({rows, 2, tokens, 4}), {&piece, 1}, {});
  };
  EXPECT_EQ(run(0, 3).sizes(), (std::vector<int64_t>{0, 2, 3, 4}));
  EXPECT_EQ(run(2, 0).sizes(), (std::vector<int64_t>{2, 2, 0, 4}));
}

TEST(Attend, RowsThatDoNotDivideThrow) {
  const KeyValue piece{at::randn({2, 1, 3, 4}), at::randn({2, 1, 3, 4})};
  EXPECT_THROW(attend(at::randn({3, 1, 1, 4}), {&piece, 1}, {}), Error);
  EXPECT_THROW(attend(at::randn({2, 1, 1, 4}), {}, {}), Error);
}

}  // namespace
}  // namespace conclave
