#include "models/checkpoint/pack.h"

#include <ATen/ATen.h>

#include "framework/moe/experts/ffn.h"
#include "framework/nn/linear.h"

namespace conclave {
namespace {

// Stands for the weight of a projection that has none.
struct PackedRows : Adapter {
  kernels::PackedWeight weight;
  Ptr<Adapter> on_top;  // the projection's own adapter

  explicit PackedRows(kernels::PackedWeight packed) : weight(std::move(packed)) {}
  void visit(Visitor& v) override { v.child("adapter", on_top); }
  Tensor delta(const Tensor& x, const TokenContext& context) override {
    const Tensor x_ND = x.reshape({-1, weight.ins});
    const int32_t offsets[] = {0, static_cast<int32_t>(x_ND.size(0))};
    auto shape = x.sizes().vec();
    shape.back() = weight.outs();
    const Tensor y = kernels::packed_product(x_ND, weight, offsets).view(shape);
    return on_top ? y + on_top->delta(x, context) : y;
  }
};

}  // namespace

std::optional<kernels::Packing> packing_named(const std::string& name) {
  if (name == "int8") return kernels::Packing::int8;
  if (name == "int4") return kernels::Packing::int4;
  return std::nullopt;
}

kernels::PackedWeight* place_for_blocks(const std::string& name, Module& part, const Tensor& tensor,
                                        kernels::Packing packing) {
  if (!name.starts_with("model.") && name != "lm_head") return nullptr;
  if (auto* bank = dynamic_cast<FfnExperts*>(&part)) {
    // All of a bank or nothing: what does not lie there any more was packed already.
    for (const Tensor* w : {&bank->w1_EFD, &bank->w2_EDF})
      if (w->defined() && !kernels::can_pack(w->size(2))) return nullptr;
    for (const auto& [w, packed] : {std::pair{&bank->w1_EFD, &bank->packed1},
                                    {&bank->w3_EFD, &bank->packed3},
                                    {&bank->w2_EDF, &bank->packed2}})
      if (w == &tensor) {
        *packed = kernels::unfilled(packing, tensor.size(0), tensor.size(1), tensor.size(2));
        return packed;
      }
    return nullptr;
  }
  auto* linear = dynamic_cast<Linear*>(&part);
  if (!linear || &linear->weight != &tensor || linear->adapter || name.ends_with(".kv_b_proj") ||
      !kernels::can_pack(tensor.size(1)))
    return nullptr;
  auto rows = std::make_shared<PackedRows>(kernels::unfilled(packing, 1, tensor.size(0), tensor.size(1)));
  linear->adapter = rows;
  return &rows->weight;
}

void put_adapter(Linear& linear, Ptr<Adapter> adapter) {
  if (const auto packed = std::dynamic_pointer_cast<PackedRows>(linear.adapter))
    packed->on_top = std::move(adapter);
  else
    linear.adapter = std::move(adapter);
}

Ptr<Adapter> take_adapter(Linear& linear) {
  const auto packed = std::dynamic_pointer_cast<PackedRows>(linear.adapter);
  return std::exchange(packed ? packed->on_top : linear.adapter, nullptr);
}

std::pair<int64_t, int64_t> features_of(const Linear& linear) {
  if (const auto packed = std::dynamic_pointer_cast<PackedRows>(linear.adapter))
    return {packed->weight.ins, packed->weight.outs()};
  return {linear.in_features(), linear.out_features()};
}

}  // namespace conclave
