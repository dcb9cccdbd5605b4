/// One recorded pass of a language model: what goes in, and everything that is compared.
#pragma once

#include "framework/moe/routing.h"
#include "framework/tensor/tensor_source.h"
#include "models/text/causal_lm.h"

namespace conclave {

struct TextCase {
  Tensor ids_NL;     ///< int64
  Tensor valid_NL;   ///< bool; undefined: all
  Tensor labels_NL;  ///< int64, -100 where nothing is asked; undefined: none
};

struct LayerRouting {
  int64_t layer = 0;
  int64_t experts = 0;  ///< with null experts
  Routing routing;
};

struct TextOutputs {
  Tensor embedded_NLD, normed_NLD, logits_NLV;
  std::vector<Tensor> layers;  ///< output of each layer
  std::vector<LayerRouting> routings;
  Tensor loss, aux_loss;  ///< the loss includes the weighted auxiliary one; undefined without labels
};

/// Reads PREFIXinput_ids, PREFIXattention_mask, PREFIXlabels.
TextCase read_case(const TensorSource& source, const std::string& prefix);

/// One pass as training and evaluation make it, without a cache. `config` is the checkpoint's (ours).
TextOutputs run_case(CausalLm& model, const Json& config, const TextCase& input);

/// Mean cross-entropy of each token from those before it.
Tensor next_token_loss(const Tensor& logits_NLV, const Tensor& labels_NL);

}  // namespace conclave
