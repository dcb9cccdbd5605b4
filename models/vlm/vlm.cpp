#include "models/vlm/vlm.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "framework/base/config_object.h"
#include "models/vlm/routing_variant.h"

namespace conclave {
namespace {

// Of tile positions and registers: large enough to be told apart beside what the connector gives.
constexpr double kMarkStd = 0.2;

// A context whose tokens are all of one modality.
void mark(TokenContext& context, Modality modality, int64_t tokens, at::Device device) {
  context.modality_T =
      at::full({tokens}, static_cast<int64_t>(modality), at::dtype(at::kLong).device(device));
}

}  // namespace

int64_t Vlm::tile_size() const {
  return config.at("vision").at("image").get<int64_t>();
}

Tensor Vlm::see(const Tensor& tiles_BN3SS, const TokenContext& context) const {
  const int64_t batch = tiles_BN3SS.size(0), tiles = tiles_BN3SS.size(1);
  require(tiles <= max_tiles(), "[vlm] a question has {} picture tiles, the model takes at most {}", tiles,
          max_tiles());
  return placed(vision->forward(tiles_BN3SS.flatten(0, 1), context), batch, context);
}

Tensor Vlm::placed(const FeatureGrid& seen, int64_t batch, const TokenContext& context) const {
  const Tensor tokens_BLD = connector->forward(seen, context).tokens_BLD;
  const int64_t tiles = tokens_BLD.size(0) / batch, width = tokens_BLD.size(2);
  Tensor x_BNPD = tokens_BLD.view({batch, tiles, -1, width});
  if (registers() > 0) {
    const Tensor own = register_RD.to(x_BNPD.scalar_type()).expand({batch, tiles, registers(), width});
    x_BNPD = at::cat({x_BNPD, own}, 2);
  }
  const Tensor place_ND = tile_position_ND.narrow(0, 0, tiles).to(x_BNPD.scalar_type());
  return (x_BNPD + place_ND.unsqueeze(1)).flatten(1, 2);
}

DecodeState Vlm::read_pictures(const Tensor& tiles_BN3SS, const Tensor& valid_BN,
                               TokenContext context) const {
  DecodeState state = new_state();
  if (tiles_BN3SS.size(1) == 0) return state;
  const Tensor x_BLD = see(tiles_BN3SS, context);
  PassInput input;
  input.causal = false;
  if (valid_BN.defined()) {
    input.valid_NL = valid_BN.repeat_interleave(x_BLD.size(1) / tiles_BN3SS.size(1), 1);
  }
  mark(context, Modality::vision, x_BLD.size(0) * x_BLD.size(1), x_BLD.device());
  context.past = &state;
  decoder->forward(x_BLD, input, context);
  return state;
}

Tensor Vlm::read_text(const Tensor& ids_NL, const Tensor& valid_NL, DecodeState& state, TokenContext context,
                      std::vector<Tensor>* layer_outputs) const {
  PassInput input;
  input.layer_outputs = layer_outputs;
  input.valid_NL = valid_NL;
  mark(context, Modality::text, ids_NL.numel(), ids_NL.device());
  context.token_T = ids_NL.reshape({-1});
  context.past = &state;
  return decoder->forward(embed_tokens.forward(ids_NL), input, context);
}

Tensor Vlm::logits(const Tensor& hidden) const {
  return at::linear(hidden, embed_tokens.weight.to(hidden.scalar_type())).to(at::kFloat);
}

void Vlm::visit(Visitor& v) {
  v.child("vision", vision);
  v.child("connector", connector);
  v("tile_position", tile_position_ND);
  v("register", register_RD);
  v.child("embed_tokens", embed_tokens);
  v.child("decoder", decoder);
}

Ptr<Vlm> make_vlm(const Json& config) {
  ConfigObject c(config, "config");
  const auto names = c.need<std::vector<std::string>>("architectures");
  require<UsageError>(names == std::vector<std::string>{"ConclaveVlm"}, "{} = {}: must be [\"ConclaveVlm\"]",
                      c.name("architectures"), Json(names).dump());
  const auto vocabulary = c.need_integer("vocab_size");
  const auto max_tiles = c.need_integer("max_tiles");
  const auto registers = c.get_integer("registers", 0, 0);
  const Json vision = c.part("vision"), connector = c.part("connector");
  Json text = c.part("text");
  c.finish();
  ConfigObject(vision, "config.vision").need_integer("image");
  if (text.contains("moe")) text["moe"] = routing_variant(text["moe"]);

  auto model = std::make_shared<Vlm>();
  model->config = config;
  model->decoder = make_transformer(text, 0, "config.text");
  const auto& layers = model->decoder->layers;
  const auto routed =
      std::count_if(layers.begin(), layers.end(), [](const auto& layer) { return layer->moe; });
  model->vision = make_vision_encoder(vision, static_cast<int>(routed), "config.vision");
  model->connector =
      make_connector(connector, model->vision->width, model->decoder->width, "config.connector");
  model->embed_tokens = Embedding(vocabulary, model->decoder->width);
  model->tile_position_ND = at::empty({max_tiles, model->decoder->width}).normal_(0, kMarkStd);
  if (registers > 0) model->register_RD = at::empty({registers, model->decoder->width}).normal_(0, kMarkStd);
  return model;
}

}  // namespace conclave
