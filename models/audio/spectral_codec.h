/// A causal codec of our own, small enough to be trained on a CPU: all convolutions run at the rate of
/// frames, and an inverse Fourier transform makes sound of them (after Vocos, arXiv 2306.00814).
#pragma once

#include "framework/nn/linear.h"
#include "framework/nn/norm.h"
#include "models/audio/codec.h"
#include "models/audio/conv1d.h"
#include "models/audio/residual_quantizer.h"

namespace conclave {

/// What causal parts keep of what went before, in the order in which they run. One for each stream.
class CausalPast {
 public:
  void rewind() { at_ = 0; }
  Tensor& next() {
    if (at_ == kept_.size()) kept_.emplace_back();
    return kept_[at_++];
  }

 private:
  std::vector<Tensor> kept_;
  size_t at_ = 0;
};

/// A convolution that sees its own and earlier frames only. What came before the first is zero.
struct CausalConv : Module {
  Conv1d conv;

  CausalConv(int64_t in, int64_t out, int64_t kernel, int64_t groups = 1);
  /// [B,T,in] -> [B,T,out].
  Tensor forward(const Tensor& x_BTD, CausalPast& past) const;
  void visit(Visitor& v) override { conv.visit(v); }
};

/// ConvNeXt's block (arXiv 2201.03545) over time: each channel along time, then all channels of a frame.
struct CausalBlock : Module {
  CausalConv along;
  LayerNorm norm;
  Linear widen, narrow;
  Tensor scale;  ///< [D]

  CausalBlock(int64_t width, int64_t kernel, int64_t hidden);
  Tensor forward(const Tensor& x_BTD, CausalPast& past) const;
  void visit(Visitor& v) override;
};

struct SpectralCodec : Codec {
  Linear analysis;  ///< of the spectra of windows of 2·hop samples, one each hop/2
  std::vector<Ptr<CausalBlock>> fine_in, coarse_in;  ///< at two steps a frame, and at one
  Linear down, to_latent;
  Ptr<ResidualQuantizer> quantizer;  ///< rows as sums: training moves them by averages
  Ptr<CausalConv> from_latent;
  std::vector<Ptr<CausalBlock>> coarse_out, fine_out;
  Linear up;
  LayerNorm last_norm;
  Linear head;      ///< log-magnitude and phase of a window
  Tensor window_W;  ///< Hann, not saved

  SpectralCodec(int64_t sample_rate, int64_t width, int64_t hidden, int64_t latent, int64_t books,
                int64_t book_size, int64_t fine_blocks, int64_t coarse_blocks);

  /// Samples by which a frame looks ahead: 1.5 frames.
  int64_t lookahead() const { return 3 * hop / 2; }
  /// Sound [B, F·hop + lookahead] -> frames [B,D,F] before quantisation.
  Tensor analyse(const Tensor& audio_BN, CausalPast& past) const;
  /// Frames [B,D,F] -> sound [B, F·hop], complete up to its last sample.
  Tensor synthesise(const Tensor& frames_BDF, CausalPast& past) const;
  /// Sound [B,N] with zeros behind it: whole frames and the lookahead.
  Tensor with_lookahead(const Tensor& audio_BN) const;

  Tensor encode(const Tensor& audio_B1N, int64_t use, Seen* seen = nullptr) const override;
  Tensor decode(const Tensor& codes_BKF, Seen* seen = nullptr) const override;
  using Codec::check_codes;
  void visit(Visitor& v) override;
};

/// {"kind": "spectral", "sample_rate": 8000 (a multiple of 100), "width": 128, "hidden": 3·width, "latent":
/// 32, "books": 8, "book_size": 256, "fine_blocks": 2 (before the frames), "coarse_blocks": 3 (of each other
/// part)}. Throws UsageError that names the key.
Ptr<SpectralCodec> make_spectral_codec(const Json& config);

/// Sound to codes as it comes.
class SpectralEncoder {
 public:
  SpectralEncoder(const SpectralCodec& codec, int64_t use) : codec_(codec), use_(use) {}
  /// Samples [N] -> codes [K,F] of the frames that are complete with their lookahead; F may be 0.
  Tensor push(const Tensor& samples_N);
  /// The rest, after which the encoder is spent: F in all is the number of samples over the hop, rounded up.
  Tensor finish();

 private:
  Tensor run(const Tensor& waiting_N, int64_t frames);

  const SpectralCodec& codec_;
  int64_t use_, seen_ = 0, given_ = 0;
  Tensor waiting_N_;
  CausalPast past_;
};

/// Codes to sound as they come. Always works in pieces of kPiece frames, so that sound is the same, bit for
/// bit, however the codes arrive.
class SpectralDecoder {
 public:
  static constexpr int64_t kPiece = 4;

  explicit SpectralDecoder(const SpectralCodec& codec) : codec_(codec) {}
  /// Codes [K,F] -> samples [N] of the pieces that are full; N may be 0.
  Tensor push(const Tensor& codes_KF);
  /// The samples of the last piece.
  Tensor finish();

 private:
  Tensor run(const Tensor& codes_KF);

  const SpectralCodec& codec_;
  Tensor waiting_KF_;
  CausalPast past_;
};

}  // namespace conclave
