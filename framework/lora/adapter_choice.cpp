#include "framework/lora/adapter_choice.h"

#include <ATen/ATen.h>

#include "framework/base/error.h"

namespace conclave {

Tensor AdapterChoice::delta(const Tensor& x, const TokenContext& context) {
  const Tensor x_TD = x.reshape({-1, x.size(-1)});
  const int64_t tokens = x_TD.size(0);
  auto shape = x.sizes().vec();
  shape.back() = outs;
  Tensor y_TO = at::zeros({tokens, outs}, x.options());
  if (!context.adapter_T.defined()) return y_TO.view(shape);
  require(context.adapter_T.numel() == tokens, "[adapters] chosen for {} tokens, {} are here",
          context.adapter_T.numel(), tokens);
  const Tensor host_T = context.adapter_T.to(at::kCPU, at::kLong).contiguous();
  const int64_t* chosen = host_T.const_data_ptr<int64_t>();
  for (size_t a = 0; a < adapters.size(); ++a) {
    std::vector<int64_t> own;
    for (int64_t t = 0; t < tokens; ++t)
      if (chosen[t] == static_cast<int64_t>(a)) own.push_back(t);
    if (own.empty() || !adapters[a]) continue;
    TokenContext part;  // adapters of projections ask for nothing else
    part.phase = context.phase;
    if (std::ssize(own) == tokens) return adapters[a]->delta(x, part);
    const Tensor row_R = at::tensor(own, at::kLong).to(x.device());
    y_TO = y_TO.index_copy(0, row_R, adapters[a]->delta(x_TD.index_select(0, row_R), part));
  }
  return y_TO.view(shape);
}

void AdapterChoice::visit(Visitor& v) {
  v.children("choice", adapters);
}

}  // namespace conclave
