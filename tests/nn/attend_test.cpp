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

TEST(Attend, SharedPiecesMatchLoops) {
  at::manual_seed(2);
  // Six query rows; three share each row of the first piece, the second piece is their own.
  const Tensor q = at::randn({6, 4, 3, 8});
  const std::vector<KeyValue> pieces{{at::randn({2, 2, 5, 8}), at::randn({2, 2, 5, 8})},
                                     {at::randn({6, 2, 3, 8}), at::randn({6, 2, 3, 8})}};
  const Tensor allowed = (at::rand({6, 1, 3, 8}) < 0.6).logical_or(at::arange(8) == 5);
  const Tensor y = attend(q, pieces, {.allowed = allowed});
  for (int64_t n = 0; n < 6; ++n) {
    for (int64_t h = 0; h < 4; ++h) {
      const Tensor k = at::cat({pieces[0].k_RHLC[n / 3][h / 2], pieces[1].k_RHLC[n][h / 2]});
      const Tensor v = at::cat({pieces[0].v_RHLC[n / 3][h / 2], pieces[1].v_RHLC[n][h / 2]});
      const Tensor expected =
          by_loops(q[n][h], k, v, [&](int64_t i, int64_t j) { return allowed[n][0][i][j].item<bool>(); });
      EXPECT_LT(max_difference(y[n][h], expected), 1e-5);
    }
  }
}

TEST(Attend, GradientsOfSharedPieces) {
  at::manual_seed(3);
  std::vector<Tensor> leaves{at::randn({4, 2, 2, 4}), at::randn({2, 1, 3, 4}), at::randn({2, 1, 3, 4}),
                             at::randn({4, 1, 2, 4}), at::randn({4, 1, 2, 4})};
  for (auto& leaf : leaves) leaf.set_requires_grad(true);
  const Tensor mix = at::randn({4, 2, 2, 4});
  const auto loss = [&] {
    const std::vector<KeyValue> pieces{{leaves[1], leaves[2]}, {leaves[3], leaves[4]}};
    return (attend(leaves[0], pieces, {}) * mix).sum();
  };
  for (auto& leaf : leaves) check_gradient(loss, leaf, 2e-3);
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
