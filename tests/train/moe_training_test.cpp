// The parts together: a layer's records, a balance loss, AdamW, counts for the routers.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "framework/moe/layer.h"
#include "framework/moe/loss.h"
#include "framework/moe/step_counts.h"
#include "framework/moe/trace.h"
#include "framework/train/adamw.h"

namespace conclave {
namespace {

double imbalance(Layer& layer, const Tensor& x_TD) {
  RoutingLog log;
  TokenContext context;
  context.log = &log;
  layer.forward(x_TD, context);
  Trace trace;
  trace.add(log.records.front());
  return load_cv(load_of(trace.sites().at(0)));
}

TEST(MoeTraining, ABalanceLossEvensTheLoad) {
  for (const char* kind :
       {"switch_balance", "mean_entropy", "importance_cv", "sequence_balance", "window_balance"}) {
    at::manual_seed(3);
    const auto layer = make_layer(Json::parse(R"({"experts": {"count": 4, "kind": "gated_ffn", "hidden": 4},
      "router": {"score": {"kind": "linear"}, "select": {"kind": "top_k", "k": 2}, "weigh": {"kind": "softmax"}}})"),
                                  8, 0);
    const Tensor x_TD = at::randn({256, 8}) + 1;
    for (auto& p : named_parameters(*layer))
      if (p.name.find("score") != std::string::npos)
        p.tensor[0].add_(0.3);  // expert 0 draws nearly all tokens
    set_trainable(*layer, true, "score");
    const double before = imbalance(*layer, x_TD);
    ASSERT_GT(before, 0.5) << kind;

    const auto loss = make_loss({{"kind", kind}});
    AdamW adamw(*layer, {});
    StepCounts counts;
    for (int step = 0; step < 150; ++step) {
      RoutingLog log;
      TokenContext context;
      context.phase = Phase::train;
      context.step = step;
      context.log = &log;
      layer->forward(x_TD, context);
      (*loss)(log.records).backward();
      counts.add(log.records);
      layer->router->after_step(counts.window(layer->site, step));
      EXPECT_EQ(counts.window(layer->site, step).count_E.sum().item<float>(), 512);
      counts.clear();
      adamw.step(0.01);
      adamw.zero_grad();
    }
    EXPECT_LT(imbalance(*layer, x_TD), 0.5 * before) << kind;
  }
}

}  // namespace
}  // namespace conclave
