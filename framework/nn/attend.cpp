#include "framework/nn/attend.h"

#include <ATen/ATen.h>

#include <cmath>
#include <limits>
#include <optional>
#include <vector>

#include "framework/base/error.h"
#include "framework/nn/attend_one.h"

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

// [N,H,L,X] -> [R,H,S·L,X]: the S rows that share a row of keys, one behind the other.
Tensor line_up(const Tensor& x, int64_t rows) {
  const int64_t share = x.size(0) / rows, heads = x.size(1), length = x.size(2), last = x.size(3);
  return x.reshape({rows, share, heads, length, last})
      .permute({0, 2, 1, 3, 4})
      .reshape({rows, heads, share * length, last});
}

// The mask for lined-up rows: the shared keys as before, and of the own keys those of the same row.
Tensor line_up_mask(const Tensor& allowed, int64_t rows, int64_t share, int64_t queries, int64_t shared_keys,
                    int64_t own_keys, at::Device device) {
  const auto options = at::dtype(at::kBool).device(device);
  const Tensor all = allowed.defined() ? allowed : at::ones({1, 1, 1, 1}, options);
  const int64_t n = all.size(0) == 1 ? 1 : rows;
  const Tensor seen =
      all.expand({all.size(0) == 1 ? share : rows * share, 1, queries, shared_keys + own_keys})
          .reshape({n, share, queries, shared_keys + own_keys});
  const Tensor below = seen.narrow(3, 0, shared_keys).reshape({n, 1, share * queries, shared_keys});
  const Tensor same = at::eye(share, options).view({1, share, 1, share, 1});
  const Tensor own = seen.narrow(3, shared_keys, own_keys).unsqueeze(3).logical_and(same);
  return at::cat({below, own.reshape({n, 1, share * queries, share * own_keys})}, -1)
      .expand({rows, 1, share * queries, shared_keys + share * own_keys});
}

// One fused attention for keys shared by several rows followed by their own keys.
Tensor attend_lined_up(const Tensor& q, const KeyValue& shared, const KeyValue& own, const Tensor& allowed) {
  const int64_t rows = shared.k_RHLC.size(0), share = q.size(0) / rows, queries = q.size(2);
  const Tensor mask =
      line_up_mask(allowed, rows, share, queries, shared.k_RHLC.size(2), own.k_RHLC.size(2), q.device());
  const Tensor y = at::scaled_dot_product_attention(
      line_up(q, rows), at::cat({shared.k_RHLC, line_up(own.k_RHLC, rows)}, 2),
      at::cat({shared.v_RHLC, line_up(own.v_RHLC, rows)}, 2), mask, /*dropout_p=*/0, /*is_causal=*/false,
      /*scale=*/std::nullopt, /*enable_gqa=*/shared.k_RHLC.size(1) != q.size(1));
  return y.view({rows, q.size(1), share, queries, q.size(3)}).transpose(1, 2).reshape(q.sizes());
}

// Lining up scores each row against the own keys of its neighbours in vain; the fused kernel still wins while
// they do not multiply the work by more than this (measured: docs/nn.md).
constexpr double kMostExtraWork = 2.5;

bool lining_up_pays(const Tensor& q, std::span<const KeyValue> pieces) {
  if (pieces.size() != 2 || pieces[1].k_RHLC.size(0) != q.size(0)) return false;
  const auto share = static_cast<double>(q.size(0) / pieces[0].k_RHLC.size(0));
  const auto shared = static_cast<double>(pieces[0].k_RHLC.size(2));
  const auto own = static_cast<double>(pieces[1].k_RHLC.size(2));
  return shared + share * own <= kMostExtraWork * (shared + own);
}

}  // namespace

namespace {

double lowest_of(at::ScalarType dtype) {
  if (dtype == at::kHalf) return std::numeric_limits<at::Half>::lowest();
  if (dtype == at::kBFloat16) return std::numeric_limits<at::BFloat16>::lowest();
  return std::numeric_limits<float>::lowest();
}

// A finite mask outweighs every score: softmax of equal values, and gradients flow as if it were not there.
Tensor even_mask(const Visibility& visibility, at::ScalarType dtype) {
  return at::zeros(visibility.allowed.sizes(), visibility.allowed.options().dtype(dtype))
      .masked_fill(visibility.allowed.logical_not(), -INFINITY)
      .masked_fill(visibility.blind, lowest_of(dtype));
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
  if (const Tensor y = attend_one(q_NHLC, pieces, visibility); y.defined()) return y;
  if (lining_up_pays(q_NHLC, pieces))
    return attend_lined_up(q_NHLC, pieces[0], pieces[1], visibility.allowed);
  if (pieces.size() > 1 || k.size(0) != rows) return attend_pieces(q_NHLC, pieces, visibility.allowed);
  const bool even =
      visibility.blind.defined() && (visibility.how == Blind::even || visibility.how == Blind::even_fused);
  const auto mask = even ? std::optional(even_mask(visibility, q_NHLC.scalar_type()))
                    : visibility.allowed.defined() ? std::optional(visibility.allowed)
                                                   : std::nullopt;
  if (even && visibility.how == Blind::even)
    return std::get<0>(at::_scaled_dot_product_attention_math(q_NHLC, k, v, mask, /*dropout_p=*/0,
                                                              /*is_causal=*/false,
                                                              /*dropout_mask=*/std::nullopt,
                                                              /*scale=*/std::nullopt,
                                                              /*enable_gqa=*/k.size(1) != q_NHLC.size(1)));
  const Tensor y = at::scaled_dot_product_attention(q_NHLC, k, v, mask, /*dropout_p=*/0, visibility.causal,
                                                    /*scale=*/std::nullopt,
                                                    /*enable_gqa=*/k.size(1) != q_NHLC.size(1));
  const bool nothing = visibility.blind.defined() && visibility.how == Blind::nothing;
  return nothing ? y.masked_fill(visibility.blind, 0) : y;
}

}  // namespace conclave
