#include "framework/nn/delta_rule.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <limits>
#include <vector>

namespace conclave {
namespace {

// Tokens that are read by matrix products at once; a longer chunk has more products of pairs.
constexpr int64_t kChunk = 64;

}  // namespace

DeltaRule gated_delta_rule(const Tensor& q_NHLK, const Tensor& k_NHLK, const Tensor& v_NHLV,
                           const Tensor& decay_NHL, const Tensor& beta_NHL, const Tensor& memory_NHKV) {
  const c10::impl::ExcludeDispatchKeyGuard no_autocast(c10::autocast_dispatch_keyset);  // sums are float32
  const int64_t tokens = q_NHLK.size(2);
  Tensor memory = memory_NHKV;
  if (!memory.defined())
    memory = at::zeros({q_NHLK.size(0), q_NHLK.size(1), q_NHLK.size(3), v_NHLV.size(3)}, v_NHLV.options());
  std::vector<Tensor> read;
  for (int64_t start = 0; start < tokens; start += kChunk) {
    const int64_t count = std::min(kChunk, tokens - start);
    const auto part = [&](const Tensor& x) { return x.narrow(2, start, count); };
    const auto grown = [&](const Tensor& log) { return log.exp().to(at::kFloat); };
    // In float64: differences of long sums would lose what reading token by token keeps.
    const Tensor q = part(q_NHLK), k = part(k_NHLK), sum = part(decay_NHL).cumsum(-1, at::kDouble);
    const Tensor beta = part(beta_NHL).unsqueeze(-1), since_start = grown(sum).unsqueeze(-1);
    // What is left at token i of what token j <= i wrote.
    const Tensor later = at::ones({count, count}, sum.options().dtype(at::kBool)).triu(1);
    const Tensor left = grown(
        (sum.unsqueeze(-1) - sum.unsqueeze(-2)).masked_fill(later, -std::numeric_limits<double>::infinity()));
    // Each correction depends on those before it in the chunk: a triangular system.
    const Tensor weighted_k = k * beta;
    const Tensor system = at::matmul(weighted_k, k.transpose(-1, -2)) * left;
    const Tensor wanted = part(v_NHLV) * beta - at::matmul(weighted_k * since_start, memory);
    const Tensor correction =
        at::linalg_solve_triangular(system, wanted, /*upper=*/false, /*left=*/true, /*unitriangular=*/true);
    read.push_back(at::matmul(q * since_start, memory) +
                   at::matmul(at::matmul(q, k.transpose(-1, -2)) * left, correction));
    const Tensor all = sum.narrow(-1, count - 1, 1);
    memory = memory * grown(all).unsqueeze(-1) +
             at::matmul((k * grown(all - sum).unsqueeze(-1)).transpose(-1, -2), correction);
  }
  return {read.empty() ? at::zeros_like(v_NHLV) : at::cat(read, 2), memory};
}

}  // namespace conclave
