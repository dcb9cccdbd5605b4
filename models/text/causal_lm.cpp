#include "models/text/causal_lm.h"

#include <ATen/ATen.h>

#include "framework/base/config_object.h"
#include "framework/lora/attach.h"
#include "framework/nn/few_rows_product.h"
#include "models/text/post_norm.h"

namespace conclave {

Tensor CausalLm::forward(const Tensor& x_NLD, const PassInput& input, const TokenContext& context) const {
  return model->forward(x_NLD, input, context);
}

Tensor CausalLm::step(const Tensor& ids_NL, const Tensor& valid_NL, DecodeState& state) {
  TokenContext context;
  context.phase = state.rows() > 0 ? Phase::decode : Phase::prefill;
  context.token_T = ids_NL.reshape({-1});
  context.past = &state;
  PassInput input;
  input.valid_NL = valid_NL;
  return forward(embed_tokens.forward(ids_NL), input, context);
}

Tensor CausalLm::logits(const Tensor& features) {
  if (lm_head.weight.defined() || lm_head.adapter) return lm_head.forward(features).to(at::kFloat);
  return project(features, embed_tokens.weight).to(at::kFloat);
}

void CausalLm::visit(Visitor& v) {
  v.child("model.embed_tokens", embed_tokens);
  v.child("model", model);
  v.child("lm_head", lm_head);
}

Ptr<CausalLm> make_causal_lm(const Json& config) {
  ConfigObject c(config, "");
  auto lm = std::make_shared<CausalLm>();
  const auto vocabulary = c.need_integer("vocabulary");
  lm->model = make_transformer(c.part("text"), 0, "text");
  lm->embed_tokens = Embedding(vocabulary, lm->model->width);
  if (c.get("post_norm", false)) normalise_branches(*lm->model);
  if (c.has("lora")) {
    ConfigObject lora(c.part("lora"), "lora");
    const auto projections = lora.need<std::vector<std::string>>("on");
    attach_lora(*lm->model, projections, read_lora_options(lora));
    lora.finish();
  }
  if (!c.get("tied", false)) lm->lm_head = Linear(lm->model->width, vocabulary, c.get("head_bias", false));
  return lm;
}

}  // namespace conclave
