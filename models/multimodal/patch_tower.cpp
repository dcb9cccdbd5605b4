#include "models/multimodal/patch_tower.h"

#include <ATen/ATen.h>

#include "framework/base/config_object.h"
#include "framework/tensor/fresh.h"

namespace conclave {

Tensor PatchTower::embed(const Tensor& patches_NLX) const {
  Tensor x_NLD = patch.forward(patches_NLX);
  if (class_embedding_D.defined())
    x_NLD = at::cat({class_embedding_D.view({1, 1, -1}).expand({x_NLD.size(0), 1, width()}), x_NLD}, 1);
  if (position_PD.defined()) x_NLD = x_NLD + position_PD;
  return pre_norm ? pre_norm->forward(x_NLD) : x_NLD;
}

namespace {

struct WindowedAttention : SelfAttention {
  Ptr<SelfAttention> inner;

  explicit WindowedAttention(Ptr<SelfAttention> attention) : inner(std::move(attention)) {
    layer = inner->layer;
  }
  Tensor forward(const Tensor& x_NLD, const Pass& pass, const TokenContext& context) const override {
    const int64_t rows = x_NLD.size(0), tokens = x_NLD.size(1);
    require(context.unit_T.defined() && context.unit_T.numel() == rows * tokens,
            "[tower] windowed layers need the window of each of {} tokens", rows * tokens);
    const Tensor window_NL = context.unit_T.view({rows, tokens});
    Pass within = pass;
    // Padding has windows of its own, so every token sees something.
    within.visibility = {.allowed = (window_NL.unsqueeze(2) == window_NL.unsqueeze(1)).unsqueeze(1)};
    return inner->forward(x_NLD, within, context);
  }
  void visit(Visitor& v) override { inner->visit(v); }
};

}  // namespace

void make_windowed(PatchTower& tower, const std::vector<int64_t>& full) {
  auto& layers = tower.stack->layers;
  std::vector<bool> whole(layers.size(), false);
  for (const int64_t layer : full) {
    require<UsageError>(layer >= 0 && layer < static_cast<int64_t>(layers.size()),
                        "pictures.windows.full: layer {} of {}", layer, layers.size());
    whole[static_cast<size_t>(layer)] = true;
  }
  for (size_t i = 0; i < layers.size(); ++i)
    if (!whole[i]) layers[i]->self_attn = std::make_shared<WindowedAttention>(layers[i]->self_attn);
}

Tensor PatchTower::encode(const Tensor& x_NLD, const PassInput& asked, std::vector<Tensor>* layers,
                          const TokenContext& context) const {
  PassInput input = asked;
  input.causal = false;
  input.layer_outputs = layers;
  return stack->forward(x_NLD, input, context);
}

void PatchTower::visit(Visitor& v) {
  v.child("patch_embed", patch);
  v("position", position_PD);
  v("class_embedding", class_embedding_D);
  v.child("pre_norm", pre_norm);
  if (stack) stack->visit(v);
}

Ptr<PatchTower> make_patch_tower(const Json& config, const std::string& path) {
  ConfigObject c(config, path);
  auto tower = std::make_shared<PatchTower>();
  tower->stack = make_transformer(c.part("stack"), 0, c.name("stack"));
  const int64_t width = tower->stack->width;
  tower->patch = Linear(c.need_integer("patch"), width, c.get("bias", true));
  if (const auto places = c.get_integer("positions", 0); places > 0)
    tower->position_PD = fresh_normal({places, width}, 0.02);
  if (c.get("class_token", false)) tower->class_embedding_D = fresh_normal({width}, 0.02);
  if (c.get("pre_norm", false)) tower->pre_norm = make_norm("layer_norm", width, c.get("eps", 1e-5));
  c.finish();
  return tower;
}

Tensor patches_of(const Tensor& picture_BCHW, int64_t patch) {
  require(picture_BCHW.dim() == 4, "[patches] pictures must be [B,C,H,W]");
  const int64_t rows = picture_BCHW.size(2) / patch, columns = picture_BCHW.size(3) / patch;
  return picture_BCHW.narrow(2, 0, rows * patch)
      .narrow(3, 0, columns * patch)
      .unflatten(2, {rows, patch})
      .unflatten(4, {columns, patch})
      .permute({0, 2, 4, 1, 3, 5})
      .flatten(3)
      .flatten(1, 2);
}

}  // namespace conclave
