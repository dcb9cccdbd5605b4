#include "framework/moe/routers/unit/groups.h"

#include <ATen/ATen.h>

#include "framework/base/error.h"

namespace conclave {
namespace {

// One id for each (sequence, unit).
Tensor id_of(const TokenContext& context, bool by_unit) {
  if (!by_unit) {
    require<Error>(context.sequence_T.defined(), "[router] unit sequence: the pass names no sequences");
    return context.sequence_T;
  }
  const Tensor& unit_T = context.unit_T;
  require<Error>(unit_T.defined(), "[router] unit: the pass names no units");
  if (!context.sequence_T.defined() || unit_T.numel() == 0) return unit_T;
  const Tensor from_zero_T = unit_T - unit_T.min();
  return context.sequence_T * (from_zero_T.max() + 1) + from_zero_T;
}

}  // namespace

Units GroupedUnits::group(const Tensor& x_TD, const TokenContext& context) {
  require<Error>(context.phase != Phase::decode,
                 "[router] units of several tokens cannot decode: their mean depends on later tokens");
  Units units;
  const auto [id_U, unit_T, size_U] = at::_unique2(id_of(context, by_unit), true, true, false);
  units.unit_T = unit_T;
  const int64_t count = id_U.size(0), tokens = x_TD.size(0);
  const Tensor valid_T =
      context.valid_T.defined() ? context.valid_T : at::ones({tokens}, x_TD.options().dtype(at::kBool));
  const Tensor share_T = valid_T.to(at::kFloat);
  const Tensor valid_U = at::zeros({count}, share_T.options()).index_add(0, unit_T, share_T);
  const Tensor weight_U = 1 / valid_U.clamp_min(1);
  units.x_UD =
      at::zeros({count, x_TD.size(1)}, x_TD.options()).index_add(0, unit_T, x_TD * share_T.unsqueeze(1)) *
      weight_U.unsqueeze(1);

  // The first valid token, or the first one where none is.
  const Tensor order_T = at::arange(tokens, unit_T.options()) + valid_T.logical_not().to(at::kLong) * tokens;
  const Tensor first_U =
      at::full({count}, 2 * tokens, unit_T.options()).scatter_reduce(0, unit_T, order_T, "amin") %
      std::max<int64_t>(tokens, 1);
  units.context = context;
  for (Tensor TokenContext::*field :
       {&TokenContext::token_T, &TokenContext::modality_T, &TokenContext::sequence_T,
        &TokenContext::position_T, &TokenContext::unit_T, &TokenContext::task_T}) {
    Tensor& values = units.context.*field;
    if (values.defined()) values = values.index_select(0, first_U);
  }
  if (context.importance_T.defined())
    units.context.importance_T =
        at::zeros({count}, share_T.options()).index_add(0, unit_T, context.importance_T * share_T) * weight_U;
  units.context.valid_T = valid_U > 0;
  return units;
}

}  // namespace conclave
