#include "models/audio/encodec.h"

#include <ATen/ATen.h>

#include <cmath>

#include "framework/base/config_object.h"

namespace conclave {

Tensor Encodec::encode(const Tensor& audio_BCN, int64_t use, Seen* seen) const {
  const Tensor frames_BDF = encoder->forward(audio_BCN);
  if (seen) *seen = {{"encoder_out", frames_BDF}};
  return quantizer->encode(frames_BDF, use);
}

Tensor Encodec::decode(const Tensor& codes_BKF, Seen* seen) const {
  check_codes(codes_BKF);
  const Tensor frames_BDF = quantizer->decode(codes_BKF);
  const Tensor audio = decoder->forward(frames_BDF);
  if (seen) *seen = {{"dequantized", frames_BDF}, {"audio", audio}};
  return audio;
}

int64_t Encodec::books_for(double setting) const {
  const double bits = std::log2(static_cast<double>(book_size)) * static_cast<double>(frame_rate);
  return std::min(books, static_cast<int64_t>(std::floor(std::max(1.0, setting * 1000 / bits))));
}

void Encodec::visit(Visitor& v) {
  v.child("encoder", encoder);
  v.child("quantizer", quantizer);
  v.child("decoder", decoder);
}

Ptr<Encodec> make_encodec(const Json& config) {
  ConfigObject c(config, "codec");
  c.part("kind");
  auto codec = std::make_shared<Encodec>();
  codec->sample_rate = c.need_integer("sample_rate");
  const auto bandwidths = c.need<std::vector<double>>("bandwidths");
  codec->book_size = c.need_integer("book_size");
  const auto shape = SeanetShape::read(c);
  c.finish();
  require<UsageError>(!bandwidths.empty() && bandwidths.back() > 0 && bandwidths.back() < 1e6,
                      "codec.bandwidths: must name kilobits per second");
  codec->hop = shape.hop();
  codec->frame_rate = (codec->sample_rate + shape.hop() - 1) / shape.hop();
  // Stored are as many codebooks of 1024 codes as the largest bandwidth needs, whatever their real size.
  codec->books = static_cast<int64_t>(1000 * bandwidths.back()) / (codec->frame_rate * 10);
  require<UsageError>(codec->books >= 1 && codec->books <= 1024, "codec.bandwidths: {} codebooks",
                      codec->books);
  codec->encoder = make_seanet_encoder(shape);
  codec->decoder = make_seanet_decoder(shape);
  codec->quantizer =
      std::make_shared<ResidualQuantizer>(codec->books, codec->book_size, shape.width, /*as_sums=*/false);
  return codec;
}

}  // namespace conclave
