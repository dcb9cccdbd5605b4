#include "models/checkpoint/run_case.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "framework/base/error.h"
#include "framework/lora/attach.h"
#include "framework/lora/expert_adapter.h"
#include "framework/moe/loss.h"
#include "framework/moe/routing_log.h"
#include "framework/nn/labels.h"

namespace conclave {
namespace {

std::vector<LayerRouting> by_layer(const CausalLm& model, const RoutingLog& log) {
  std::vector<LayerRouting> found;
  for (const auto& record : log.records) {
    for (size_t i = 0; i < model.model->layers.size(); ++i) {
      const auto& moe = model.model->layers[i]->moe;
      if (moe && moe->site == record.site)
        found.push_back({static_cast<int64_t>(i), record.experts + record.nulls, record.routing});
    }
  }
  return found;
}

// Runs experts without gradients.
struct Detached : Executor {
  Tensor run(Experts& experts, const Tensor& x_TD, const Routing& routing,
             const TokenContext& context) override {
    const at::NoGradGuard no_grad;
    return experts.forward(x_TD, routing, context);
  }
};

void run_experts_by(const Multimodal& model, const Ptr<Executor>& executor) {
  for (const auto& layer : model.text->model->layers)
    if (layer->moe) layer->moe->executor = executor;
}

// One auxiliary loss of the configuration: what it is, and how the original reports it.
void add_aux_loss(CaseOutputs& got, Json config, const RoutingLog& log, const std::vector<int64_t>& layers,
                  bool training) {
  const double weight = config.value("weight", 1.0);
  const auto name = config.value("name", "aux_loss");
  // Some report the term of the loss, others the value before its weight; some train with it and do not tell.
  const double reported = config.value("reported", "plain") == "weighted" ? weight : 1.0;
  const bool told = config.value("told", true);
  for (const char* key : {"weight", "name", "reported", "told"}) config.erase(key);
  const auto loss = make_loss(config);
  const Tensor aux = (*loss)(log.records, {});
  got.losses[name] = reported * aux;
  for (size_t i = 0; i < log.records.size(); ++i) {
    const Tensor own = (*loss)(std::span(&log.records[i], 1), {});
    const auto layer = std::to_string(layers[i]);
    got.losses["layer_aux." + std::to_string(i)] = got.losses["router." + layer + ".l_aux"] = own;
    got.losses["router." + layer + ".aux_loss"] = weight * own;
  }
  if (config.value("importance", false)) {
    // Without importance the original also counts the padding.
    auto records = log.records;
    for (auto& record : records) record.context.importance_T = record.context.valid_T = Tensor();
    const Tensor unweighted = (*loss)(records, {});
    got.losses["aux_loss_without_weight"] = unweighted;
    got.losses["loss_without_weight"] = got.loss + weight * unweighted;
  }
  if (told || training) got.objective = got.objective + weight * aux;
  if (told) got.loss = got.loss + weight * aux;
}

void add_losses(CaseOutputs& got, const Json& config, const Tensor& labels_NL, const RoutingLog& log,
                bool training) {
  got.loss = got.objective = got.losses["loss_ce"] = got.losses["text_loss"] =
      next_token_loss(got.logits_NLV, labels_NL);
  if (!config.contains("aux_loss") || log.records.empty()) return;
  std::vector<int64_t> layers;
  for (const auto& routed : got.routings) layers.push_back(routed.layer);
  const Json& aux = config["aux_loss"];
  if (!aux.is_array()) return add_aux_loss(got, aux, log, layers, training);
  for (const auto& one : aux) add_aux_loss(got, one, log, layers, training);
}

}  // namespace

CaseOutputs run_case(const Multimodal& model, const Json& config, const Inputs& inputs, bool training) {
  CaseOutputs got;
  RoutingLog log;
  log.keep_logits = true;
  TokenContext context;
  context.log = &log;
  got.reading = model.read(inputs);
  Reading& reading = got.reading;
  const int64_t rows = reading.x_NLD.size(0), tokens = reading.x_NLD.size(1);
  // A plain pass of many originals numbers the places of a row, padding counted.
  if (!reading.position.defined() && config.value("positions", "counted") == "padded")
    reading.position = at::arange(tokens, at::kLong).unsqueeze(0).expand({rows, tokens});
  if (inputs.importance_NL.defined())
    context.importance_T = inputs.importance_NL.reshape({-1}).to(at::kFloat);
  // Many originals run padding like any token; in some it also counts in the auxiliary losses.
  const auto padding = config.value("padding", "left out");
  if (padding != "left out") context.valid_T = at::ones({rows * tokens}, at::kBool);
  PassInput pass;
  pass.layer_outputs = &got.layers;
  const auto blind = config.value("blind", "weighed");
  pass.blind = blind == "even"         ? Blind::even
               : blind == "even_fused" ? Blind::even_fused
               : blind == "nothing"    ? Blind::nothing
                                       : Blind::weighed;
  if (training) context.phase = Phase::train;
  if (!training && config.value("gradients", "all") == "past experts")
    run_experts_by(model, std::make_shared<Detached>());
  got.normed_NLD = model.forward(reading, pass, context);
  run_experts_by(model, nullptr);
  got.logits_NLV = model.text->logits(got.normed_NLD);
  got.routings = by_layer(*model.text, log);
  for (const auto& [name, linear] : find_linears(*model.text, {"*"})) {
    const auto adapter = std::dynamic_pointer_cast<ExpertAdapter>(linear->adapter);
    for (const auto& record : log.records)
      if (adapter && record.site == adapter->layer->site)
        got.adapters[name] = {0, record.experts, record.routing};
  }
  if (padding == "routed" && reading.valid_NL.defined()) {
    for (auto& record : log.records) record.context.valid_T = reading.valid_NL.reshape({-1});
  }
  if (!reading.labels_NL.defined()) return got;
  add_losses(got, config, reading.labels_NL, log, training);
  return got;
}

Tensor next_token_loss(const Tensor& logits_NLV, const Tensor& labels_NL) {
  const int64_t tokens = logits_NLV.size(1);
  return at::cross_entropy_loss(logits_NLV.narrow(1, 0, tokens - 1).flatten(0, 1).to(at::kFloat),
                                labels_NL.narrow(1, 1, tokens - 1).reshape({-1}), {}, at::Reduction::Mean,
                                kNoLabel);
}

}  // namespace conclave
