#include "models/checkpoint/verify_codec.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "models/audio/dac.h"
#include "models/audio/mimi.h"
#include "models/checkpoint/verify_gradients.h"

namespace conclave {
namespace {

class CodecVerifier {
 public:
  CodecVerifier(Comparison& with, const CheckpointFolder& folder)
      : with_(with),
        folder_(folder),
        codec_(load_as(folder, make_codec, at::kFloat)),
        audio_(with.in().tensor("audio")) {}

  void run() {
    if (const auto dac = std::dynamic_pointer_cast<Dac>(codec_)) return run_dac(*dac);
    check("");
    if (const auto mimi = std::dynamic_pointer_cast<Mimi>(codec_)) {
      mimi->set_window(0);
      check("nowindow.");
    }
  }

 private:
  void check_seen(const std::string& prefix, const Seen& seen) {
    // In the order of the pass, as far as the names tell.
    for (const char* name :
         {"preprocessed", "encoder_out", "encoder_transformer_out", "downsampled", "latents", "z", "z_p",
          "dequantized", "upsampled", "decoder_transformer_out", "audio"})
      if (const auto found = seen.find(name); found != seen.end())
        with_.values(prefix + name, std::string(name) == "audio" ? "audio" : "hidden", found->second);
    for (const char* name : {"commitment_loss", "codebook_loss"})
      if (const auto found = seen.find(name); found != seen.end()) with_.loss(prefix + name, found->second);
  }

  void check_codes(const std::string& name, const Tensor& codes_BKF) {
    // EnCodec's have a dimension for chunks in front.
    const bool chunked = with_.recorded(name) && with_.shape(name).size() == 4;
    with_.ids(name, chunked ? codes_BKF.unsqueeze(0) : codes_BKF);
  }

  // Every recorded setting, then what is recorded without one: the last of them.
  void check(const std::string& prefix) {
    const at::NoGradGuard no_grad;
    Seen encoded, decoded;
    int64_t use = codec_->books;
    for (const auto& name : with_.open_with(prefix + "codes.")) {
      const auto setting = name.substr(prefix.size() + 6);
      use = codec_->books_for(std::strtod(setting.c_str(), nullptr));
      const Tensor codes = codec_->encode(audio_, use, &encoded);
      check_seen(prefix, encoded);
      check_codes(name, codes);
      with_.values(prefix + "audio." + setting, "audio", codec_->decode(codes, &decoded));
    }
    if (with_.open(prefix + "codes") || decoded.empty()) {
      const Tensor codes = codec_->encode(audio_, codec_->books, &encoded);
      check_seen(prefix, encoded);
      check_codes(prefix + "codes", codes);
      codec_->decode(codes, &decoded);
    }
    check_seen(prefix, decoded);
  }

  void run_dac(const Dac& dac) {
    Dac::Quantised two;
    {
      const at::NoGradGuard no_grad;
      Seen seen;
      const Tensor codes = dac.encode(audio_, dac.books, &seen);
      check_seen("", seen);
      with_.ids("codes", codes);
      with_.values("audio", "audio", cropped(dac.decoder.forward(seen.at("z"))));
      dac.decode(codes, &seen);
      check_seen("from_codes.", seen);
      two = dac.quantise(dac.encoder.forward(dac.whole_frames(audio_)), std::min<int64_t>(2, dac.books));
      with_.ids("n2.codes", two.codes_BKF);
      check_seen("n2.",
                 {{"z", two.z_BDF}, {"latents", two.latents_BXF}, {"audio", dac.decoder.forward(two.z_BDF)}});
      with_.loss("loss", objective(dac));
    }
    AdapterTensors none;
    check_gradients(with_, "", *codec_, NameMap(*folder_.architecture), none, [&] { return objective(dac); });
  }

  Tensor cropped(const Tensor& audio) const {
    return audio.narrow(2, 0, std::min(audio.size(2), audio_.size(2)));
  }

  // What the recording trains by: the energy of the output and the losses of the codebooks.
  Tensor objective(const Dac& dac) const {
    const auto found = dac.quantise(dac.encoder.forward(dac.whole_frames(audio_)), dac.books);
    return cropped(dac.decoder.forward(found.z_BDF)).square().mean() + 0.25 * found.commitment_loss +
           found.codebook_loss;
  }

  Comparison& with_;
  const CheckpointFolder& folder_;
  Ptr<Codec> codec_;
  Tensor audio_;
};

}  // namespace

void verify_codec(Comparison& with, const CheckpointFolder& folder) {
  CodecVerifier(with, folder).run();
}

}  // namespace conclave
