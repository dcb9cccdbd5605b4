/// The convolutional coders that EnCodec and Mimi share (SEANet, arXiv 2009.02095).
#pragma once

#include "models/audio/conv1d.h"

namespace conclave {

struct SeanetShape {
  int64_t channels = 1;  ///< of the sound
  int64_t filters = 32;
  int64_t width = 128;         ///< of a frame
  std::vector<int64_t> rates;  ///< of the decoder; the encoder takes them backwards
  int64_t kernel = 7, last_kernel = 7, residual_kernel = 3;
  int64_t residuals = 1;        ///< residual parts after each rate
  int64_t dilation_growth = 2;  ///< from one residual part to the next
  int64_t compress = 2;         ///< a residual part is so much narrower inside
  bool shortcut = true;         ///< residual parts have a convolution beside them
  int64_t lstm = 0;             ///< layers
  bool weight_norm = false;
  Ends ends;

  /// Reads "channels", "filters", "width", "rates", ... of `c`, named as above; throws UsageError.
  static SeanetShape read(class ConfigObject& c);
  int64_t hop() const;  ///< samples of a frame
};

/// Sound [B,C,N] -> frames [B,D,F].
Ptr<Chain> make_seanet_encoder(const SeanetShape& shape);
/// Frames [B,D,F] -> sound [B,C,F·hop].
Ptr<Chain> make_seanet_decoder(const SeanetShape& shape);

}  // namespace conclave
