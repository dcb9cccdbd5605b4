#include "framework/moe/experts/product_ffn.h"

#include <ATen/ATen.h>

#include "framework/moe/experts/check.h"
#include "framework/moe/kernels/grouped.h"

namespace conclave {
namespace {

using kernels::RowOrder;

// w[e] x + b[e] for each row's part e.
Tensor project(const Tensor& x_NI, const Tensor& w_EOI, const Tensor& bias_EO, const RowOrder& order) {
  const Tensor y_NO = kernels::grouped_linear(x_NI, w_EOI, order);
  return bias_EO.defined() ? y_NO + bias_EO.to(y_NO.scalar_type()).index_select(0, order.expert_N) : y_NO;
}

}  // namespace

ProductFfnExperts::ProductFfnExperts(int64_t width, int64_t first, int64_t second, const FfnOptions& options)
    : activation(options.activation) {
  const FfnOptions plain{options.hidden, options.activation, false, options.bias};
  const FfnExperts lower({width, first}, plain), upper({width, second}, plain);
  w1_EFD = lower.w1_EFD;
  b1_EF = lower.b1_EF;
  w2_EDF = upper.w2_EDF;
  b2_ED = upper.b2_ED;
}

Tensor ProductFfnExperts::forward(const Tensor& x_TD, const Routing& routing, const TokenContext&) {
  require(routing.factors.size() == 2, "[product_ffn] the routing has {} factors, two are needed",
          routing.factors.size());
  const Routing &first = routing.factors[0], &second = routing.factors[1];
  for (const auto& factor : routing.factors) check_bank_input("product_ffn", x_TD, w1_EFD.size(2), factor);
  const auto lower = kernels::sort_rows(first.expert_TK, w1_EFD.size(0));
  const Tensor a_NF = activate(activation, project(kernels::gather_rows(x_TD, lower), w1_EFD, b1_EF, lower));
  const Tensor a_TF = kernels::combine_rows(a_NF, first.weight_TK, lower);

  const auto upper = kernels::sort_rows(second.expert_TK, w2_EDF.size(0));
  Tensor y_ND = kernels::grouped_linear(kernels::gather_rows(a_TF, upper), w2_EDF, upper);
  if (b2_ED.defined()) {
    const Tensor mass_N1 = first.weight_TK.sum(1, true).index_select(0, upper.token_N).to(y_ND.scalar_type());
    y_ND = y_ND.addcmul(b2_ED.to(y_ND.scalar_type()).index_select(0, upper.expert_N), mass_N1);
  }
  return kernels::combine_rows(y_ND, second.weight_TK, upper);
}

void ProductFfnExperts::visit(Visitor& v) {
  v("w1", w1_EFD);
  v("b1", b1_EF);
  v("w2", w2_EDF);
  v("b2", b2_ED);
}

}  // namespace conclave
