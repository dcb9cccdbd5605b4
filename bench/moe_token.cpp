// A whole MoE layer on one to four tokens, as decoding has it: router and experts, float32, no gradient.
// Ours, ours with the bank alone (the routing given), and what one writes first in ATen, in one run. Tokens
// rotate, so that each call reads other experts. Prints the ratios after the times. One thread:
// OMP_NUM_THREADS=1.
#include <ATen/ATen.h>
#include <benchmark/benchmark.h>
#include <c10/core/InferenceMode.h>

#include <memory>
#include <string>

#include "bench/ratios.h"
#include "framework/moe/experts/ffn.h"
#include "framework/moe/layer.h"
#include "framework/moe/routers/score/linear.h"
#include "framework/moe/routing_log.h"
#include "framework/moe/trace.h"

namespace conclave {
namespace {

struct Shape {
  const char* name;
  int64_t width, hidden, experts, slots;
};
// "small" is the shipped vision-language model's layer.
constexpr Shape kShapes[] = {
    {"small", 128, 256, 4, 2}, {"tiny", 256, 512, 8, 2}, {"olmoe", 1024, 512, 64, 8}};
constexpr int kBatches = 16;

struct Case {
  Ptr<Layer> layer;
  int64_t slots;
  std::vector<Tensor> x;
  std::vector<Routing> routing;
};

Case make_case(const Shape& shape, int64_t tokens) {
  at::manual_seed(1);
  const Json config = {
      {"experts", {{"count", shape.experts}, {"kind", "gated_ffn"}, {"hidden", shape.hidden}}},
      {"router",
       {{"score", {{"kind", "linear"}}},
        {"select", {{"kind", "top_k"}, {"k", shape.slots}}},
        {"weigh", {{"kind", "softmax_selected"}}}}}};
  Case c{make_layer(config, shape.width, 0), shape.slots, {}, {}};
  for (int i = 0; i < kBatches; ++i) {
    c.x.push_back(at::randn({tokens, shape.width}));
    c.routing.push_back(c.layer->route(c.x.back(), {}));
  }
  return c;
}

Tensor ours(Case& c, int i) {
  return c.layer->forward(c.x[i], {});
}

// With the routing recorded and counted, as answering does it.
Tensor traced(Case& c, int i) {
  RoutingLog log;
  TokenContext context;
  context.log = &log;
  const Tensor y = c.layer->forward(c.x[i], context);
  Trace trace;
  for (const auto& record : log.records) trace.add(record);
  return y;
}

Tensor bank(Case& c, int i) {
  return c.layer->experts->forward(c.x[i], c.routing[i], {});
}

Tensor loop(Case& c, int i) {
  const auto& experts = static_cast<const FfnExperts&>(*c.layer->experts);
  const Tensor &x = c.x[i], &w = static_cast<const LinearScore&>(*c.layer->router->score).weight;
  auto [weight, expert] = at::softmax(at::linear(x, w), -1).topk(c.slots);
  weight = weight / weight.sum(-1, true);
  Tensor out = at::zeros_like(x);
  for (int64_t e = 0; e < experts.count(); ++e) {
    const auto where = at::where(expert == e);
    if (where[0].numel() == 0) continue;
    const Tensor rows = x.index_select(0, where[0]);
    const Tensor h = at::silu(at::linear(rows, experts.w1_EFD[e])) * at::linear(rows, experts.w3_EFD[e]);
    const Tensor y = at::linear(h, experts.w2_EDF[e]);
    out.index_add_(0, where[0], y * weight.index({where[0], where[1]}).unsqueeze(1));
  }
  return out;
}

using Run = Tensor (*)(Case&, int);
struct Peer {
  const char* name;
  Run run;
};
constexpr Peer kPeers[] = {{"ours", ours}, {"traced", traced}, {"bank", bank}, {"loop", loop}};

void measure(benchmark::State& state, const Shape& shape, int64_t tokens, Run run) {
  const c10::InferenceMode inference;
  auto c = make_case(shape, tokens);
  for (int b = 0; b < kBatches; ++b) run(c, b);
  int i = 0;
  for (auto _ : state) benchmark::DoNotOptimize(run(c, i++ % kBatches));
  state.SetItemsProcessed(state.iterations() * tokens);
}

}  // namespace
}  // namespace conclave

int main(int argc, char** argv) {
  using namespace conclave;
  benchmark::Initialize(&argc, argv);
  for (const auto& shape : kShapes) {
    for (const int64_t tokens : {1, 2, 4}) {
      for (const auto& peer : kPeers) {
        const std::string name = std::string(shape.name) + "/T" + std::to_string(tokens) + "/" + peer.name;
        benchmark::RegisterBenchmark(
            name.c_str(),
            [&shape, tokens, run = peer.run](benchmark::State& state) { measure(state, shape, tokens, run); })
            ->Unit(benchmark::kMicrosecond)
            ->UseRealTime();
      }
    }
  }
  Ratios reporter("ours", {"traced", "bank", "loop"});
  benchmark::RunSpecifiedBenchmarks(&reporter);
}
