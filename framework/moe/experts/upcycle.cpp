#include "framework/moe/experts/upcycle.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/core/grad_mode.h>

#include <cmath>

#include "framework/base/error.h"

namespace conclave {
namespace {

// `in_FD` has a row a hidden unit, `out_DF` a column.
Tensor parts_of(const Tensor& w, int64_t dim, const UpcycleOptions& o) {
  const auto parts = w.detach().chunk(o.split, dim);
  std::vector<Tensor> experts;
  for (int64_t e = 0; e < o.experts; ++e) experts.push_back(parts[e % o.split]);
  return at::stack(experts);
}

Tensor part_biases(const Tensor& bias, const UpcycleOptions& o) {
  return bias.defined() ? parts_of(bias, 0, o) : Tensor();
}

// Draws `units` of expert e anew, with the mean and deviation of the weights they replace.
void redraw(const Tensor& w_E, int64_t e, int64_t dim, const Tensor& units, const at::Generator& generator) {
  Tensor own = w_E[e];
  const Tensor old = own.index_select(dim, units).to(at::kFloat);
  if (old.numel() < 2) return;
  const double mean = old.mean().item<double>(), deviation = old.std(false).item<double>();
  const Tensor fresh = at::empty(old.sizes(), old.options()).normal_(mean, deviation, generator);
  own.index_copy_(dim, units, fresh.to(own.scalar_type()));
}

void vary(FfnExperts& bank, const UpcycleOptions& o) {
  const at::Generator generator = at::detail::createCPUGenerator(o.seed);
  const int64_t hidden = bank.w1_EFD.size(1);
  const auto count = static_cast<int64_t>(std::llround(o.reinit * static_cast<double>(hidden)));
  for (int64_t e = 0; e < bank.count() && count > 0; ++e) {
    const Tensor units = at::randperm(hidden, generator, at::kLong).narrow(0, 0, count);
    redraw(bank.w1_EFD, e, 0, units, generator);
    if (bank.gated()) redraw(bank.w3_EFD, e, 0, units, generator);
    redraw(bank.w2_EDF, e, 1, units, generator);
  }
  if (o.noise <= 0) return;
  for (Tensor* w : {&bank.w1_EFD, &bank.w3_EFD, &bank.w2_EDF}) {
    if (!w->defined()) continue;
    const Tensor noise = at::empty(w->sizes(), w->options().dtype(at::kFloat)).normal_(0, 1, generator);
    w->add_((noise * (o.noise * w->to(at::kFloat).std(false))).to(w->scalar_type()));
  }
}

Ptr<FfnExperts> build(Activation activation, const Linear& gate, const Linear* up, const Linear& down,
                      const UpcycleOptions& o) {
  require<UsageError>(
      o.experts >= 1 && o.split >= 1 && o.experts % o.split == 0 && gate.out_features() % o.split == 0,
      "[upcycle] split {} must divide the experts {} and the hidden size {}", o.split, o.experts,
      gate.out_features());
  require<UsageError>(o.noise >= 0 && o.reinit >= 0 && o.reinit <= 1,
                      "[upcycle] noise {} must be at least 0, reinit {} in [0, 1]", o.noise, o.reinit);
  const at::NoGradGuard no_grad;
  const double scale = o.scale > 0 ? o.scale : static_cast<double>(o.split);
  auto bank = std::make_shared<FfnExperts>();
  bank->activation = activation;
  bank->w1_EFD = parts_of(gate.weight, 0, o);
  bank->b1_EF = part_biases(gate.bias, o);
  if (up) {
    bank->w3_EFD = parts_of(up->weight, 0, o);
    bank->b3_EF = part_biases(up->bias, o);
  }
  bank->w2_EDF = parts_of(down.weight, 1, o) * scale;
  // Each of `split` parts brings its share of the output bias.
  if (down.bias.defined()) {
    bank->b2_ED = at::stack(std::vector<Tensor>(o.experts, down.bias.detach())) *
                  (scale / static_cast<double>(o.split));
  }
  vary(*bank, o);
  return bank;
}

}  // namespace

Ptr<FfnExperts> upcycle(const GatedFfn& dense, const UpcycleOptions& options) {
  return build(dense.activation, dense.gate_proj, &dense.up_proj, dense.down_proj, options);
}

Ptr<FfnExperts> upcycle(const PlainFfn& dense, const UpcycleOptions& options) {
  return build(dense.activation, dense.fc1, nullptr, dense.fc2, options);
}

}  // namespace conclave
