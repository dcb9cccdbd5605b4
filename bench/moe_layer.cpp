// One gated feed-forward expert layer: ours, a plain ATen loop over the experts, and at::_grouped_mm, in one
// run. Tokens rotate, so at T = 1 each call reads other experts. Prints the ratios after the times.
//   bench_moe_layer [--benchmark_filter=olmoe.*forward]
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <benchmark/benchmark.h>

#include <memory>
#include <string>

#include "bench/ratios.h"
#include "framework/moe/experts/ffn.h"

namespace conclave {
namespace {

struct Shape {
  const char* name;
  int64_t width, hidden, experts, slots;
};
constexpr Shape kShapes[] = {{"tiny", 256, 512, 8, 2}, {"olmoe", 1024, 512, 64, 8}};
constexpr int64_t kTokens[] = {1, 8, 64, 512};
constexpr int kBatches = 8;

struct Case {
  FfnExperts bank;
  std::vector<Tensor> x;
  std::vector<Routing> routing;
};

Case make_case(const Shape& shape, int64_t tokens, at::ScalarType dtype) {
  at::manual_seed(1);
  Case c{FfnExperts({shape.width, shape.experts}, {.hidden = shape.hidden}), {}, {}};
  to_dtype(c.bank, dtype);
  for (int i = 0; i < kBatches; ++i) {
    c.x.push_back(at::randn({tokens, shape.width}).to(dtype));
    auto [weight, expert] = at::softmax(at::randn({tokens, shape.experts}), -1).topk(shape.slots);
    Routing routing;
    routing.expert_TK = expert.to(at::kInt);
    routing.weight_TK = weight / weight.sum(-1, true);
    c.routing.push_back(routing);
  }
  return c;
}

Tensor ours(Case& c, int i) {
  return c.bank.forward(c.x[i], c.routing[i], {});
}

// What one writes first: for each expert, the rows that chose it. The weights are unbound once: weight[e] in
// the loop would make the backward pass grow with the square of E.
Tensor loop(Case& c, int i) {
  const Tensor &x = c.x[i], &expert = c.routing[i].expert_TK;
  const Tensor weight = c.routing[i].weight_TK.to(x.scalar_type());
  const auto w1 = c.bank.w1_EFD.unbind(0), w3 = c.bank.w3_EFD.unbind(0), w2 = c.bank.w2_EDF.unbind(0);
  Tensor out = at::zeros_like(x);
  for (size_t e = 0; e < w1.size(); ++e) {
    const auto where = at::where(expert == static_cast<int>(e));
    if (where[0].numel() == 0) continue;
    const Tensor rows = x.index_select(0, where[0]);
    const Tensor y = at::linear(at::silu(at::linear(rows, w1[e])) * at::linear(rows, w3[e]), w2[e]);
    out = out.index_add(0, where[0], y * weight.index({where[0], where[1]}).unsqueeze(1));
  }
  return out;
}

Tensor grouped_mm(Case& c, int i) {
  const Tensor& x = c.x[i];
  const int64_t slots = c.routing[i].slots();
  const Tensor expert = c.routing[i].expert_TK.reshape(-1);
  const Tensor order = expert.argsort(/*stable=*/true, 0, false);
  const Tensor ends = at::bincount(expert, {}, c.bank.count()).cumsum(0).to(at::kInt);
  const Tensor rows = x.index_select(0, order.floor_divide(slots));
  const auto product = [&](const Tensor& a, const Tensor& w) {
    return at::_grouped_mm(a, w.transpose(1, 2), ends);
  };
  const Tensor h = at::silu(product(rows, c.bank.w1_EFD)) * product(rows, c.bank.w3_EFD);
  const Tensor weight = c.routing[i].weight_TK.reshape(-1).index_select(0, order).to(x.scalar_type());
  const Tensor y = product(h, c.bank.w2_EDF) * weight.unsqueeze(1);
  return at::zeros_like(y).index_copy(0, order, y).view({x.size(0), slots, -1}).sum(1);
}

using Run = Tensor (*)(Case&, int);
struct Peer {
  const char* name;
  Run run;
};
constexpr Peer kPeers[] = {{"ours", ours}, {"loop", loop}, {"grouped_mm", grouped_mm}};

void forward(benchmark::State& state, const Shape& shape, int64_t tokens, at::ScalarType dtype, Run run) {
  const c10::InferenceMode inference;
  auto c = make_case(shape, tokens, dtype);
  // oneDNN generates code for every new number of rows; the first peer must not pay for all.
  for (int b = 0; b < kBatches; ++b) run(c, b);
  int i = 0;
  for (auto _ : state) benchmark::DoNotOptimize(run(c, i++ % kBatches));
  state.SetItemsProcessed(state.iterations() * tokens);
}

void train(benchmark::State& state, const Shape& shape, int64_t tokens, at::ScalarType dtype, Run run) {
  auto c = make_case(shape, tokens, dtype);
  set_trainable(c.bank, true);
  for (int b = 0; b < kBatches; ++b) {
    c.x[b].set_requires_grad(true);
    c.routing[b].weight_TK.set_requires_grad(true);
  }
  const auto step = [&](int b) {
    run(c, b).sum().backward();
    for (auto& p : named_parameters(c.bank)) p.tensor.mutable_grad() = Tensor();
  };
  for (int b = 0; b < kBatches; ++b) step(b);
  int i = 0;
  for (auto _ : state) step(i++ % kBatches);
  state.SetItemsProcessed(state.iterations() * tokens);
}

void register_all() {
  for (const auto& shape : kShapes) {
    for (const auto dtype : {at::kFloat, at::kBFloat16}) {
      for (const int64_t tokens : kTokens) {
        for (const auto& [pass, body] : {std::pair{"forward", &forward}, std::pair{"train", &train}}) {
          for (const auto& peer : kPeers) {
            const std::string name = std::string(shape.name) + "/" + c10::toString(dtype) + "/" + pass +
                                     "/T" + std::to_string(tokens) + "/" + peer.name;
            benchmark::RegisterBenchmark(
                name.c_str(), [&shape, dtype, tokens, body = body, run = peer.run](
                                  benchmark::State& state) { body(state, shape, tokens, dtype, run); })
                ->Unit(benchmark::kMillisecond)
                ->UseRealTime();
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace conclave

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  conclave::register_all();
  conclave::Ratios reporter("ours", {"loop", "grouped_mm"});
  benchmark::RunSpecifiedBenchmarks(&reporter);
}
