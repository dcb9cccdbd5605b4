#include "models/audio/mimi.h"

#include <ATen/ATen.h>

#include <cmath>

#include "framework/base/config_object.h"

namespace conclave {
namespace {

// What a branch adds is scaled channel by channel (LayerScale, arXiv 2103.17239).
struct ScaledAttention : SelfAttention {
  Ptr<SelfAttention> inner;
  Tensor scale_D;

  ScaledAttention(Ptr<SelfAttention> attention, int64_t width)
      : inner(std::move(attention)), scale_D(at::full({width}, 0.01)) {
    layer = inner->layer;
  }
  Tensor forward(const Tensor& x_NLD, const Pass& pass, const TokenContext& context) const override {
    return scale_D * inner->forward(x_NLD, pass, context);
  }
  void visit(Visitor& v) override {
    inner->visit(v);
    v("layer_scale", scale_D);
  }
};

struct ScaledPath : Path {
  Ptr<Path> inner;
  Tensor scale_D;

  ScaledPath(Ptr<Path> path, int64_t width) : inner(std::move(path)), scale_D(at::full({width}, 0.01)) {}
  Tensor forward(const Tensor& x_TD, const TokenContext& context) override {
    return scale_D * inner->forward(x_TD, context);
  }
  bool reads_context() const override { return inner->reads_context(); }
  void visit(Visitor& v) override {
    inner->visit(v);
    v("layer_scale", scale_D);
  }
};

Ptr<Transformer> make_scaled(const Json& config) {
  auto stack = make_transformer(config, 0, "codec.transformer");
  for (auto& block : stack->layers) {
    require<UsageError>(block->ffn != nullptr, "codec.transformer: must not be routed");
    block->self_attn = std::make_shared<ScaledAttention>(block->self_attn, stack->width);
    block->ffn = std::make_shared<ScaledPath>(block->ffn, stack->width);
  }
  return stack;
}

// Frames [B,D,F] in and out.
Tensor run(const Transformer& stack, const Tensor& x_BDF) {
  return stack.forward(x_BDF.transpose(1, 2), {}, {}).transpose(1, 2);
}

}  // namespace

ProjectedQuantizer::ProjectedQuantizer(int64_t width, int64_t narrow, int64_t count, int64_t size)
    : input_proj(width, narrow, 1, {.bias = false}),
      output_proj(narrow, width, 1, {.bias = false}),
      books(count, size, narrow, /*as_sums=*/true) {}

void ProjectedQuantizer::visit(Visitor& v) {
  v.child("input_proj", input_proj);
  v.child("output_proj", output_proj);
  books.visit(v);
}

Tensor Mimi::encode(const Tensor& audio_BCN, int64_t use, Seen* seen) const {
  require(use >= semantic_books && use <= books, "[mimi] {} codebooks: must be {} to {}", use, semantic_books,
          books);
  const Tensor frames_BDF = encoder->forward(audio_BCN), mixed_BDF = run(*encoder_transformer, frames_BDF);
  const Tensor fewer_BDF = downsample->forward(mixed_BDF);
  if (seen)
    *seen = {{"encoder_out", frames_BDF},
             {"encoder_transformer_out", mixed_BDF.transpose(1, 2)},
             {"downsampled", fewer_BDF}};
  const Tensor words = semantic->encode(fewer_BDF, semantic_books);
  return use == semantic_books ? words
                               : at::cat({words, acoustic->encode(fewer_BDF, use - semantic_books)}, 1);
}

Tensor Mimi::decode(const Tensor& codes_BKF, Seen* seen) const {
  check_codes(codes_BKF);
  const int64_t use = codes_BKF.size(1), first = std::min(use, semantic_books);
  Tensor fewer_BDF = semantic->decode(codes_BKF.narrow(1, 0, first));
  if (use > first) fewer_BDF = fewer_BDF + acoustic->decode(codes_BKF.narrow(1, first, use - first));
  const Tensor frames_BDF = upsample->forward(fewer_BDF), mixed_BDF = run(*decoder_transformer, frames_BDF);
  const Tensor audio = decoder->forward(mixed_BDF);
  if (seen)
    *seen = {{"dequantized", fewer_BDF},
             {"upsampled", frames_BDF},
             {"decoder_transformer_out", mixed_BDF.transpose(1, 2)},
             {"audio", audio}};
  return audio;
}

void Mimi::visit(Visitor& v) {
  v.child("encoder", encoder);
  v.child("encoder_transformer", encoder_transformer);
  v.child("downsample", downsample);
  v.child("quantizer.semantic_residual_vector_quantizer", semantic);
  v.child("quantizer.acoustic_residual_vector_quantizer", acoustic);
  v.child("upsample", upsample);
  v.child("decoder_transformer", decoder_transformer);
  v.child("decoder", decoder);
}

Ptr<Mimi> make_mimi(const Json& config) {
  ConfigObject c(config, "codec");
  c.part("kind");
  auto codec = std::make_shared<Mimi>();
  codec->sample_rate = c.need_integer("sample_rate");
  const double frame_rate = c.get("frame_rate", 12.5);
  codec->books = c.need_integer("books");
  codec->semantic_books = c.get_integer("semantic_books", 1, 1);
  codec->book_size = c.need_integer("book_size");
  const auto narrow = c.need_integer("book_width");
  const auto groups = c.get_integer("upsample_groups", 1, 1);
  const Json& transformer = c.part("transformer");
  const auto shape = SeanetShape::read(c);
  c.finish();
  require<UsageError>(codec->semantic_books < codec->books,
                      "codec.semantic_books = {}: must be below {} books", codec->semantic_books,
                      codec->books);
  require<UsageError>(shape.width % groups == 0, "codec.upsample_groups = {}: must divide the width {}",
                      groups, shape.width);
  const double fewer =
      static_cast<double>(codec->sample_rate) / static_cast<double>(shape.hop()) / frame_rate;
  const auto rate = static_cast<int64_t>(std::llround(fewer));
  require<UsageError>(rate >= 1 && std::abs(fewer - static_cast<double>(rate)) < 1e-6,
                      "codec.frame_rate = {}: must divide the coder's {} frames a second", frame_rate,
                      fewer * frame_rate);
  codec->hop = shape.hop() * rate;
  codec->encoder = make_seanet_encoder(shape);
  codec->decoder = make_seanet_decoder(shape);
  codec->encoder_transformer = make_scaled(transformer);
  codec->decoder_transformer = make_scaled(transformer);
  const Ends replicated{.causal = true, .pad = "replicate"};
  codec->downsample = std::make_shared<FramedConv>(
      shape.width, shape.width, 2 * rate, Conv1d::Options{.stride = rate, .bias = false}, replicated);
  codec->upsample = std::make_shared<FramedConv>(
      shape.width, shape.width, 2 * rate,
      Conv1d::Options{.stride = rate, .groups = groups, .transposed = true, .bias = false}, replicated);
  const auto quantizer = [&](int64_t books) {
    return std::make_shared<ProjectedQuantizer>(shape.width, narrow, books, codec->book_size);
  };
  codec->semantic = quantizer(codec->semantic_books);
  codec->acoustic = quantizer(codec->books - codec->semantic_books);
  return codec;
}

}  // namespace conclave
