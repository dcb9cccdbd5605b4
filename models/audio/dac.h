/// Descript Audio Codec (arXiv 2306.06546).
#pragma once

#include "models/audio/codec.h"
#include "models/audio/conv1d.h"

namespace conclave {

/// One codebook: frames are projected to a few dimensions, where the nearest row by direction is taken.
struct DacBook : Module {
  Conv1d in_proj, out_proj;
  Tensor codebook_ND;

  DacBook(int64_t width, int64_t size, int64_t narrow);
  /// int64 [B,F] for projected frames [B,D,F].
  Tensor nearest(const Tensor& x_BDF) const;
  /// Rows of the codebook [B,D,F].
  Tensor rows(const Tensor& code_BF) const;
  void visit(Visitor& v) override;
};

struct Dac : Codec {
  Chain encoder{"block"}, decoder{"model"};
  std::vector<Ptr<DacBook>> quantizers;

  struct Quantised {
    Tensor codes_BKF, z_BDF, latents_BXF;
    Tensor commitment_loss, codebook_loss;  ///< sums over the codebooks
  };
  /// Sound with zeros behind to whole frames.
  Tensor whole_frames(const Tensor& audio_B1N) const;
  /// Gradients pass the codebooks straight through.
  Quantised quantise(const Tensor& frames_BDF, int64_t use) const;

  Tensor encode(const Tensor& audio_B1N, int64_t use, Seen* seen = nullptr) const override;
  Tensor decode(const Tensor& codes_BKF, Seen* seen = nullptr) const override;
  void visit(Visitor& v) override;
};

/// {"kind": "dac", "sample_rate", "width", "rates": [..], "latent": width·2^rates, "decoder_width",
/// "decoder_rates": [..], "books", "book_size", "book_width"}
Ptr<Dac> make_dac(const Json& config);

}  // namespace conclave
