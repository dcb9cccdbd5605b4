#include "framework/blocks/vision_transformer.h"

#include <ATen/ATen.h>

#include "framework/base/config_object.h"

namespace conclave {
namespace {

// Rows and columns of every token, [2,B,L].
Tensor grid_places(int64_t batch, int64_t rows, int64_t columns, at::Device device) {
  const auto options = at::dtype(at::kLong).device(device);
  const Tensor row = at::arange(rows, options).repeat_interleave(columns);
  const Tensor column = at::arange(columns, options).repeat(rows);
  return at::stack({row, column}).unsqueeze(1).expand({2, batch, rows * columns});
}

}  // namespace

FeatureGrid VisionTransformer::forward(const Tensor& picture_BCHW, const TokenContext& context) {
  require(picture_BCHW.dim() == 4 && picture_BCHW.size(2) >= patch && picture_BCHW.size(3) >= patch,
          "[vit] a picture must be [B,channels,H,W] with sides of at least {}", patch);
  const Tensor patches = patch_embed.forward(picture_BCHW);
  FeatureGrid grid{patches.flatten(2).transpose(1, 2), patches.size(2), patches.size(3)};
  const int64_t batch = patches.size(0), tokens = grid.rows * grid.columns;
  const auto device = patches.device();

  TokenContext own;
  own.phase = context.phase;
  own.step = context.step;
  own.edits = context.edits;
  own.log = context.log;
  own.ranks = context.ranks;
  own.modality_T = at::full({batch * tokens}, static_cast<int64_t>(Modality::vision), at::kLong).to(device);
  own.position_T = at::arange(tokens, at::dtype(at::kLong).device(device)).repeat(batch);

  PassInput input;
  input.causal = false;
  if (position) {
    grid.tokens_BLD = grid.tokens_BLD + position->forward(grid.rows, grid.columns);
  } else {
    input.position = grid_places(batch, grid.rows, grid.columns, device);
  }
  grid.tokens_BLD = stack->forward(grid.tokens_BLD, input, own);
  return grid;
}

void VisionTransformer::visit(Visitor& v) {
  v.child("patch_embed", patch_embed);
  v.child("position", position);
  v.child("stack", stack);
}

Ptr<VisionTransformer> make_vision_transformer(const Json& config, int first_site, const std::string& path) {
  // The keys of the encoder are taken out, the others are the stack's.
  Json own = Json::object(), rest = config;
  for (const auto* key : {"kind", "image", "patch", "channels", "position"}) {
    if (!config.contains(key)) continue;
    own[key] = config[key];
    rest.erase(key);
  }
  ConfigObject c(own, path);
  c.get<std::string>("kind", "vit");
  const auto patch = c.need_integer("patch");
  const auto channels = c.get_integer("channels", 3, 1);
  const bool learned = c.one_of("position", {"learned", "rotary"}) == "learned";
  const auto image = learned ? c.need_integer("image", patch) : c.get_integer("image", patch, patch);
  c.finish();
  require<UsageError>(!rest.contains("rope"), "{}.rope: use {}.position", path, path);
  rest["rope"] = learned ? Json(false) : Json{{"grid", true}};
  const Json defaults = {{"norm", "layer_norm"}, {"qkv_bias", true}, {"out_bias", true}};
  for (const auto& [key, value] : defaults.items()) {
    if (!rest.contains(key)) rest[key] = value;
  }
  if (!rest.contains("ffn") && rest.contains("width")) {
    rest["ffn"] = {{"kind", "plain_ffn"}, {"hidden", 4 * ConfigObject(rest, path).need_integer("width")}};
  }

  auto vit = std::make_shared<VisionTransformer>();
  vit->patch = patch;
  vit->stack = make_transformer(rest, first_site, path);
  vit->width = vit->stack->width;
  const double fan_in = static_cast<double>(channels * patch * patch);
  vit->patch_embed = Conv2d(channels, vit->width, patch, {.stride = patch, .std = 1 / std::sqrt(fan_in)});
  if (learned) vit->position = std::make_shared<GridPosition>(image / patch, image / patch, vit->width);
  return vit;
}

}  // namespace conclave
