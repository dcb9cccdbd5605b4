/// Mimi, the codec of Moshi (arXiv 2410.00037).
#pragma once

#include "framework/blocks/transformer.h"
#include "models/audio/codec.h"
#include "models/audio/residual_quantizer.h"
#include "models/audio/seanet.h"

namespace conclave {

/// A residual quantiser in a space of its own.
struct ProjectedQuantizer : Module {
  Conv1d input_proj, output_proj;
  ResidualQuantizer books;

  ProjectedQuantizer(int64_t width, int64_t narrow, int64_t books, int64_t size);
  Tensor encode(const Tensor& x_BDF, int64_t use) const {
    return books.encode(input_proj.forward(x_BDF), use);
  }
  Tensor decode(const Tensor& codes_BKF) const { return output_proj.forward(books.decode(codes_BKF)); }
  void visit(Visitor& v) override;
};

struct Mimi : Codec {
  Ptr<Chain> encoder, decoder;
  Ptr<Transformer> encoder_transformer, decoder_transformer;
  Ptr<FramedConv> downsample, upsample;
  Ptr<ProjectedQuantizer> semantic, acoustic;  ///< both see the same frames
  int64_t semantic_books = 1;

  Tensor encode(const Tensor& audio_BCN, int64_t use, Seen* seen = nullptr) const override;
  Tensor decode(const Tensor& codes_BKF, Seen* seen = nullptr) const override;
  /// Frames that the transformers look back, 0: all.
  void set_window(int64_t frames) { encoder_transformer->window = decoder_transformer->window = frames; }
  void visit(Visitor& v) override;
};

/// {"kind": "mimi", "sample_rate", "frame_rate": 12.5, "books", "semantic_books": 1, "book_size",
/// "book_width",
///  "upsample_groups", "transformer": {keys of make_transformer}, keys of SeanetShape}
Ptr<Mimi> make_mimi(const Json& config);

}  // namespace conclave
