/// One recorded pass of a model: what goes in, and everything that is compared.
#pragma once

#include "framework/moe/routing.h"
#include "models/multimodal/multimodal.h"

namespace conclave {

struct LayerRouting {
  int64_t layer = 0;
  int64_t experts = 0;  ///< with null experts
  Routing routing;
};

struct CaseOutputs {
  Reading reading;
  Tensor normed_NLD, logits_NLV;
  std::vector<Tensor> layers;  ///< output of each layer
  std::vector<LayerRouting> routings;
  std::map<std::string, LayerRouting> adapters;  ///< of projections whose adapters are routed, by name
  Tensor loss;       ///< with the weighted auxiliary one; undefined without labels
  Tensor objective;  ///< what training follows, where it is more than the loss that is told
  std::map<std::string, Tensor>
      losses;  ///< its parts and variants: "loss_ce", "aux_loss", "layer_aux.0", ...
};

/// One pass as evaluation or training makes it, without a cache. `config` is the checkpoint's (ours). Its
/// "gradients" may say "past experts": the original runs routed experts without gradients when it does not
/// train.
CaseOutputs run_case(const Multimodal& model, const Json& config, const Inputs& inputs,
                     bool training = false);

/// Mean cross-entropy of each token from those before it.
Tensor next_token_loss(const Tensor& logits_NLV, const Tensor& labels_NL);

}  // namespace conclave
