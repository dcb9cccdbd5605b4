#include "framework/moe/experts/low_rank.h"

#include <ATen/ATen.h>

#include <cmath>

namespace conclave {

double LoraOptions::scale() const {
  const auto r = static_cast<double>(rank);
  return alpha / (rslora ? std::sqrt(r) : r);
}

LoraOptions read_lora_options(ConfigObject& config) {
  LoraOptions options;
  options.rank = config.get_integer("rank", options.rank, 1);
  options.alpha = config.get("alpha", options.alpha);
  options.rslora = config.get("rslora", options.rslora);
  options.dropout = config.get("dropout", options.dropout);
  require<UsageError>(options.dropout >= 0 && options.dropout < 1, "{} = {}: must be in [0, 1)",
                      config.name("dropout"), options.dropout);
  return options;
}

LowRankBank::LowRankBank(int64_t experts, int64_t in, int64_t out, const LoraOptions& options)
    : scale(options.scale()), dropout(options.dropout) {
  const double bound = 1 / std::sqrt(static_cast<double>(in));
  a_ERI = at::empty({experts, options.rank, in}).uniform_(-bound, bound);
  b_EOR = at::zeros({experts, out, options.rank});
}

Tensor LowRankBank::rows(const Tensor& x_NI, const kernels::RowOrder& order,
                         const TokenContext& context) const {
  const Tensor x = dropout > 0 ? at::dropout(x_NI, dropout, context.training()) : x_NI;
  return scale * kernels::grouped_linear(kernels::grouped_linear(x, a_ERI, order), b_EOR, order);
}

void LowRankBank::visit(Visitor& v) {
  v("lora_A", a_ERI);
  v("lora_B", b_EOR);
}

}  // namespace conclave
