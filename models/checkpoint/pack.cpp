#include "models/checkpoint/pack.h"

#include <ATen/ATen.h>

#include "framework/moe/experts/ffn.h"
#include "framework/nn/linear.h"

namespace conclave {
namespace {

// Stands for the weight of a projection that has none.
class PackedRows : public Adapter {
 public:
  explicit PackedRows(kernels::PackedWeight weight) : weight_(std::move(weight)) {}
  void visit(Visitor&) override {}
  Tensor delta(const Tensor& x, const TokenContext&) override {
    const Tensor x_ND = x.reshape({-1, weight_.ins});
    const int32_t offsets[] = {0, static_cast<int32_t>(x_ND.size(0))};
    auto shape = x.sizes().vec();
    shape.back() = weight_.outs();
    return kernels::packed_product(x_ND, weight_, offsets).view(shape);
  }

 private:
  kernels::PackedWeight weight_;
};

}  // namespace

std::optional<kernels::Packing> packing_named(const std::string& name) {
  if (name == "int8") return kernels::Packing::int8;
  if (name == "int4") return kernels::Packing::int4;
  return std::nullopt;
}

void pack_part(const std::string& name, Module& part, kernels::Packing packing) {
  if (!name.starts_with("model.") && name != "lm_head") return;
  if (auto* bank = dynamic_cast<FfnExperts*>(&part)) {
    bank->pack(packing);
    return;
  }
  auto* linear = dynamic_cast<Linear*>(&part);
  if (!linear || !linear->weight.defined() || linear->adapter || name.ends_with(".kv_b_proj") ||
      !kernels::can_pack(linear->weight.size(1)))
    return;
  linear->adapter = std::make_shared<PackedRows>(kernels::pack(linear->weight.unsqueeze(0), packing));
  linear->weight = Tensor();
}

}  // namespace conclave
