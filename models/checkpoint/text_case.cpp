#include "models/checkpoint/text_case.h"

#include <ATen/ATen.h>

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

// The auxiliary loss without its weight, and the weight.
std::pair<Tensor, double> aux_loss_of(const Json& config, const RoutingLog& log) {
  if (!config.contains("aux_loss") || log.records.empty()) return {};
  Json plain = config["aux_loss"];
  const double weight = plain.value("weight", 1.0);
  plain.erase("weight");
  return {(*make_loss(plain))(log.records, {}), weight};
}

}  // namespace

TextCase read_case(const TensorSource& source, const std::string& prefix) {
  const auto maybe = [&](const char* name) {
    return source.contains(prefix + name) ? source.tensor(prefix + name) : Tensor();
  };
  TextCase input{source.tensor(prefix + "input_ids"), maybe("attention_mask"), maybe("labels")};
  if (input.ids_NL.dim() != 2) throw DataError(source.origin(), prefix + "input_ids", "must be [N,L]");
  if (input.valid_NL.defined()) input.valid_NL = input.valid_NL.to(at::kBool);
  return input;
}

TextOutputs run_case(CausalLm& model, const Json& config, const TextCase& input) {
  const int64_t rows = input.ids_NL.size(0), tokens = input.ids_NL.size(1);
  TextOutputs got;
  RoutingLog log;
  log.keep_logits = true;
  TokenContext context;
  context.log = &log;
  context.token_T = input.ids_NL.reshape({-1});
  PassInput pass;
  pass.valid_NL = input.valid_NL;
  pass.layer_outputs = &got.layers;
  // A plain pass of the originals numbers the places of a row, padding counted.
  if (config.value("positions", "counted") == "padded")
    pass.position = at::arange(tokens, at::kLong).unsqueeze(0).expand({rows, tokens});
  got.embedded_NLD = model.embed_tokens.forward(input.ids_NL);
  got.normed_NLD = model.forward(got.embedded_NLD, pass, context);
  got.logits_NLV = model.logits(got.normed_NLD);
  got.routings = by_layer(model, log);
  if (!input.labels_NL.defined()) return got;
  got.loss = next_token_loss(got.logits_NLV, input.labels_NL);
  const auto [aux, weight] = aux_loss_of(config, log);
  if (aux.defined()) {
    got.aux_loss = aux;
    got.loss = got.loss + weight * aux;
  }
  return got;
}

Tensor next_token_loss(const Tensor& logits_NLV, const Tensor& labels_NL) {
  const int64_t tokens = logits_NLV.size(1);
  return at::cross_entropy_loss(logits_NLV.narrow(1, 0, tokens - 1).flatten(0, 1).to(at::kFloat),
                                labels_NL.narrow(1, 1, tokens - 1).reshape({-1}), {}, at::Reduction::Mean,
                                kNoLabel);
}

}  // namespace conclave
