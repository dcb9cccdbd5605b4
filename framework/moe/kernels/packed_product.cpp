#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/custom_function.h>

#include "framework/moe/kernels/packed.h"

namespace conclave::kernels {
namespace {

struct PackedProduct : torch::autograd::Function<PackedProduct> {
  static Tensor forward(torch::autograd::AutogradContext* ctx, const Tensor& x_NI, const Tensor& blocks,
                        int64_t packing, std::vector<int64_t> offsets) {
    const PackedWeight weight{static_cast<Packing>(packing), blocks, x_NI.size(1)};
    const std::vector<int32_t> rows(offsets.begin(), offsets.end());
    ctx->save_for_backward({blocks});
    ctx->saved_data["packing"] = packing;
    ctx->saved_data["offsets"] = std::move(offsets);
    ctx->saved_data["ins"] = x_NI.size(1);
    return packed_rows(x_NI, weight, rows);
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* ctx,
                                                 torch::autograd::variable_list grads) {
    const at::NoGradGuard no_grad;
    const Tensor blocks = ctx->get_saved_variables()[0];
    const auto packing = static_cast<Packing>(ctx->saved_data["packing"].toInt());
    const auto offsets = ctx->saved_data["offsets"].toIntVector();
    const int64_t ins = ctx->saved_data["ins"].toInt();
    const Tensor dy_NO = grads[0].to(at::kFloat).contiguous();
    Tensor dx_NI = at::empty({dy_NO.size(0), ins}, dy_NO.options());
    for (size_t e = 0; e + 1 < offsets.size(); ++e) {
      const int64_t first = offsets[e], rows = offsets[e + 1] - first;
      if (rows == 0) continue;
      const Tensor matrix_OI = unpack({packing, blocks.narrow(0, static_cast<int64_t>(e), 1), ins})[0];
      Tensor here_NI = dx_NI.narrow(0, first, rows);
      at::mm_out(here_NI, dy_NO.narrow(0, first, rows), matrix_OI);
    }
    return {dx_NI.to(grads[0].scalar_type()), Tensor(), Tensor(), Tensor()};
  }
};

}  // namespace

Tensor packed_product(const Tensor& x_NI, const PackedWeight& weight, Offsets offsets) {
  if (!at::GradMode::is_enabled() || !x_NI.requires_grad()) return packed_rows(x_NI, weight, offsets);
  return PackedProduct::apply(x_NI, weight.blocks, static_cast<int64_t>(weight.packing),
                              std::vector<int64_t>(offsets.begin(), offsets.end()));
}

}  // namespace conclave::kernels
