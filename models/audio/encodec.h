/// EnCodec (arXiv 2210.13438) without chunks and loudness: the 24 and 32 kHz models.
#pragma once

#include "models/audio/codec.h"
#include "models/audio/residual_quantizer.h"
#include "models/audio/seanet.h"

namespace conclave {

struct Encodec : Codec {
  Ptr<Chain> encoder, decoder;
  Ptr<ResidualQuantizer> quantizer;
  int64_t frame_rate = 0;  ///< frames of a second, rounded up

  Tensor encode(const Tensor& audio_BCN, int64_t use, Seen* seen = nullptr) const override;
  Tensor decode(const Tensor& codes_BKF, Seen* seen = nullptr) const override;
  /// Kilobits per second.
  int64_t books_for(double setting) const override;
  void visit(Visitor& v) override;
};

/// {"kind": "encodec", "sample_rate", "bandwidths": [kilobits per second], "book_size", keys of SeanetShape}
Ptr<Encodec> make_encodec(const Json& config);

}  // namespace conclave
