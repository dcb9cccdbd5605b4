#include "framework/nn/attend.h"

#include <ATen/ATen.h>

#include <cmath>
#include <optional>
#include <vector>

#include "framework/base/error.h"

namespace conclave {
namespace {

// N = R·S query rows over R rows of keys. Query rows that read the same keys become rows of one matrix, so
// that shared keys are neither repeated over S nor over the heads of a group.
struct Fold {
  int64_t rows, share, groups, queries;

  Fold(const Tensor& q, const Tensor& k)
      : rows(k.size(0)), share(q.size(0) / k.size(0)), groups(q.size(1) / k.size(1)), queries(q.size(2)) {}
  // [N,H,Lq,X] -> [R,Hkv,S·G·Lq,X]
  Tensor in(const Tensor& x) const {
    const int64_t heads = x.size(1) / groups, last = x.size(3);
    return x.reshape({rows, share, heads, groups, queries, last})
        .permute({0, 2, 1, 3, 4, 5})
        .reshape({rows, heads, share * groups * queries, last});
  }
  // [R,Hkv,S·G·Lq,X] -> [N,H,Lq,X]
  Tensor out(const Tensor& x) const {
    const int64_t heads = x.size(1), last = x.size(3);
    return x.view({rows, heads, share, groups, queries, last})
        .permute({0, 2, 1, 3, 4, 5})
        .reshape({rows * share, heads * groups, queries, last});
  }
};

Tensor attend_pieces(const Tensor& q, std::span<const KeyValue> pieces, const Tensor& allowed) {
  const Tensor scaled = q / std::sqrt(static_cast<double>(q.size(-1)));
  std::vector<Tensor> scores;
  for (const auto& [k, v] : pieces) {
    const Fold fold(q, k);
    scores.push_back(fold.out(at::matmul(fold.in(scaled), k.transpose(-1, -2))).to(at::kFloat));
  }
  Tensor all = at::cat(scores, -1);
  if (allowed.defined()) all = all.masked_fill(allowed.logical_not(), -INFINITY);
  const Tensor weights = at::softmax(all, -1).to(q.scalar_type());

  Tensor y;
  int64_t start = 0;
  for (const auto& [k, v] : pieces) {
    const Fold fold(q, k);
    const Tensor part = fold.out(at::matmul(fold.in(weights.narrow(-1, start, k.size(2))), v));
    y = y.defined() ? y + part : part;
    start += k.size(2);
  }
  return y;
}

}  // namespace

Tensor attend(const Tensor& q_NHLC, std::span<const KeyValue> pieces, const Visibility& visibility) {
  require(!pieces.empty(), "[attend] no keys");
  const int64_t rows = q_NHLC.size(0);
  for (const auto& [k, v] : pieces) {
    require(k.size(0) > 0 ? rows % k.size(0) == 0 : rows == 0, "[attend] {} query rows over {} key rows",
            rows, k.size(0));
    require(q_NHLC.size(1) % k.size(1) == 0, "[attend] {} heads over {} key heads", q_NHLC.size(1),
            k.size(1));
  }
  const auto& [k, v] = pieces.front();
  if (q_NHLC.numel() == 0) return at::zeros_like(q_NHLC);
  if (pieces.size() > 1 || k.size(0) != rows) return attend_pieces(q_NHLC, pieces, visibility.allowed);
  const auto mask = visibility.allowed.defined() ? std::optional(visibility.allowed) : std::nullopt;
  return at::scaled_dot_product_attention(q_NHLC, k, v, mask, /*dropout_p=*/0, visibility.causal,
                                          /*scale=*/std::nullopt,
                                          /*enable_gqa=*/k.size(1) != q_NHLC.size(1));
}

}  // namespace conclave
