#include "models/checkpoint/run_case.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "framework/base/error.h"
#include "framework/moe/loss.h"
#include "framework/moe/routing_log.h"

namespace conclave {
namespace {

constexpr int64_t kNoLabel = -100;

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

// The auxiliary losses of "aux_loss" in the configuration, as originals report them.
void add_aux_losses(CaseOutputs& got, const Json& config, const RoutingLog& log) {
  got.losses["loss_ce"] = got.loss;
  if (!config.contains("aux_loss") || log.records.empty()) return;
  Json plain = config["aux_loss"];
  const double weight = plain.value("weight", 1.0);
  // Some report the term of the loss, others the value before its weight.
  const double reported = plain.value("reported", "plain") == "weighted" ? weight : 1.0;
  plain.erase("weight");
  plain.erase("reported");
  const auto loss = make_loss(plain);
  const Tensor aux = (*loss)(log.records, {});
  const Tensor cross_entropy = got.loss;
  got.losses["aux_loss"] = reported * aux;
  got.loss = cross_entropy + weight * aux;
  for (size_t i = 0; i < log.records.size(); ++i)
    got.losses["layer_aux." + std::to_string(i)] = (*loss)(std::span(&log.records[i], 1), {});
  if (!plain.value("importance", false)) return;
  // Without importance the original also counts the padding.
  auto records = log.records;
  for (auto& record : records) record.context.importance_T = record.context.valid_T = Tensor();
  const Tensor unweighted = (*loss)(records, {});
  got.losses["aux_loss_without_weight"] = unweighted;
  got.losses["loss_without_weight"] = cross_entropy + weight * unweighted;
}

}  // namespace

Inputs read_inputs(const TensorSource& source, const std::string& prefix) {
  Inputs inputs;
  const auto take = [&](const char* name) {
    return source.contains(prefix + name) ? source.tensor(prefix + name) : Tensor();
  };
  inputs.ids_NL = source.tensor(prefix + "input_ids");
  inputs.valid_NL = take("attention_mask");
  inputs.labels_NL = take("labels");
  inputs.position = take("position_ids");
  inputs.importance_NL = take("aux_balance_weight");
  if (inputs.ids_NL.dim() != 2) throw DataError(source.origin(), prefix + "input_ids", "must be [N,L]");
  if (inputs.valid_NL.defined()) inputs.valid_NL = inputs.valid_NL.to(at::kBool);
  for (const char* name : {"pixel_values", "image_grid_thw", "pixel_values_videos", "video_grid_thw",
                           "images", "images_spatial_crop", "images_seq_mask", "token_type_ids"}) {
    if (const Tensor found = take(name); found.defined()) inputs.pictures[name] = found;
  }
  return inputs;
}

CaseOutputs run_case(const Multimodal& model, const Json& config, const Inputs& inputs) {
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
  pass.blind = blind == "even" ? Blind::even : blind == "nothing" ? Blind::nothing : Blind::weighed;
  if (config.value("gradients", "all") == "past experts") run_experts_by(model, std::make_shared<Detached>());
  got.normed_NLD = model.forward(reading, pass, context);
  run_experts_by(model, nullptr);
  got.logits_NLV = model.text->logits(got.normed_NLD);
  got.routings = by_layer(*model.text, log);
  if (padding == "routed" && reading.valid_NL.defined()) {
    for (auto& record : log.records) record.context.valid_T = reading.valid_NL.reshape({-1});
  }
  if (!reading.labels_NL.defined()) return got;
  got.loss = next_token_loss(got.logits_NLV, reading.labels_NL);
  add_aux_losses(got, config, log);
  return got;
}

Tensor next_token_loss(const Tensor& logits_NLV, const Tensor& labels_NL) {
  const int64_t tokens = logits_NLV.size(1);
  return at::cross_entropy_loss(logits_NLV.narrow(1, 0, tokens - 1).flatten(0, 1).to(at::kFloat),
                                labels_NL.narrow(1, 1, tokens - 1).reshape({-1}), {}, at::Reduction::Mean,
                                kNoLabel);
}

}  // namespace conclave
