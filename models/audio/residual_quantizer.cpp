#include "models/audio/residual_quantizer.h"

#include <ATen/ATen.h>

#include "framework/base/error.h"
#include "framework/tensor/fresh.h"

namespace conclave {

Codebook::Codebook(int64_t size, int64_t width, bool as_sums) {
  (as_sums ? sum_ND : embed_ND) = fresh_normal({size, width}, 1);
  if (as_sums) usage_N = at::ones({size});
}

Tensor Codebook::rows_ND() const {
  return embed_ND.defined() ? embed_ND : sum_ND / usage_N.clamp_min(1e-5).unsqueeze(1);
}

void Codebook::visit(Visitor& v) {
  v("embed", embed_ND, TensorKind::buffer);
  v("embed_sum", sum_ND, TensorKind::buffer);
  v("cluster_usage", usage_N, TensorKind::buffer);
}

ResidualQuantizer::ResidualQuantizer(int64_t books, int64_t size, int64_t width, bool as_sums) {
  for (int64_t i = 0; i < books; ++i) layers.push_back(std::make_shared<Codebook>(size, width, as_sums));
}

Tensor ResidualQuantizer::encode(const Tensor& x_BDF, int64_t use) const {
  require(use >= 1 && use <= static_cast<int64_t>(layers.size()), "[codec] {} codebooks of {}", use,
          layers.size());
  Tensor rest_ND = x_BDF.transpose(1, 2).flatten(0, 1);
  std::vector<Tensor> codes;
  for (int64_t i = 0; i < use; ++i) {
    const Tensor rows_ND = layers[static_cast<size_t>(i)]->rows_ND();
    const Tensor distance =
        rest_ND.square().sum(1, true) - 2 * at::mm(rest_ND, rows_ND.t()) + rows_ND.square().sum(1, true).t();
    const Tensor code_N = distance.argmin(1);
    rest_ND = rest_ND - rows_ND.index_select(0, code_N);
    codes.push_back(code_N.view({x_BDF.size(0), x_BDF.size(2)}));
  }
  return at::stack(codes, 1);
}

Tensor ResidualQuantizer::decode(const Tensor& codes_BKF) const {
  Tensor sum_BFD;
  for (int64_t i = 0; i < codes_BKF.size(1); ++i) {
    const Tensor rows = at::embedding(layers[static_cast<size_t>(i)]->rows_ND(), codes_BKF.select(1, i));
    sum_BFD = sum_BFD.defined() ? sum_BFD + rows : rows;
  }
  return sum_BFD.transpose(1, 2);
}

void ResidualQuantizer::visit(Visitor& v) {
  for (size_t i = 0; i < layers.size(); ++i) v.child("layers." + std::to_string(i) + ".codebook", layers[i]);
}

}  // namespace conclave
