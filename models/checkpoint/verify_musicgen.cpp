#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "models/audio/musicgen.h"
#include "models/checkpoint/verify_gradients.h"
#include "models/checkpoint/verify_seq2seq.h"

namespace conclave {
namespace {

class MusicVerifier {
 public:
  MusicVerifier(Comparison& with, const CheckpointFolder& folder)
      : with_(with), folder_(folder), model_(load_as(folder, make_musicgen, at::kFloat)) {}

  void run() {
    {
      const at::NoGradGuard no_grad;
      check_pass();
      check_delay();
      check_generation();
    }
    AdapterTensors none;
    check_gradients(with_, "", *model_, NameMap(*folder_.architecture), none, [&] { return pass().loss; });
  }

 private:
  struct Pass {
    Tensor embeds, normed, logits, loss;
    CrossDecoder::Seen seen;
  };

  Tensor in(const char* name) const { return with_.in().tensor(name); }

  Pass pass() {
    Pass made;
    const Tensor valid = in("text_mask"), codes = in("decoder_input_ids");
    made.embeds = model_->embed(codes.view({-1, model_->channels(), codes.size(1)}));
    const Memory memory = model_->decoder->remember(model_->read(in("text_ids"), valid), valid);
    made.normed = model_->decoder->forward(made.embeds, memory, {}, &made.seen);
    made.logits = model_->logits(made.normed);
    made.loss = model_->loss(made.logits, in("labels"));
    return made;
  }

  void check_pass() {
    const Tensor valid = in("text_mask"), text = model_->text_encoder->forward(in("text_ids"), valid);
    const TokenRows words{text.size(0), text.size(1), valid.to(at::kBool)};
    with_.tokens("text_hidden_raw", "hidden", text, words);
    with_.tokens("text_hidden", "hidden", text, words);
    const Pass made = pass();
    with_.values("embeds", "hidden", made.embeds);
    for (size_t i = 0; i < made.seen.layers.size(); ++i) {
      with_.values(fmt::format("cross_attention_out.{}", i), "hidden", made.seen.cross[i]);
      with_.values(fmt::format("hidden.{}", i), "hidden", made.seen.layers[i]);
    }
    with_.values("final_norm", "hidden", made.normed);
    with_.values("logits", "logits", made.logits.flatten(0, 1));
    with_.loss("loss", made.loss);
  }

  // Up to the first open place, and the whole pattern; rows are those of the codebooks.
  void check_pattern(const std::string& stem, const Tensor& codes_NCL, int64_t steps) {
    const Tensor pattern = music_pattern(codes_NCL, steps, model_->pad());
    const Tensor open = (pattern.select(1, 0) < 0).any(0).nonzero();
    const int64_t first = open.numel() > 0 ? open[0].item<int64_t>() : codes_NCL.size(2);
    with_.ids(stem + "pattern", pattern.flatten(0, 1));
    with_.ids(stem + "input_ids", pattern.narrow(2, 0, first).flatten(0, 1));
  }

  void check_delay() {
    if (!with_.recorded("delay.pattern")) return;
    const int64_t channels = model_->channels();
    const auto begun = [&](int64_t rows) { return at::full({rows, channels, 1}, model_->pad(), at::kLong); };
    const Tensor codes = in("delay.codes").view({-1, channels, in("delay.codes").size(1)});
    check_pattern("delay.", at::cat({begun(codes.size(0)), codes}, 2),
                  in("delay.max_length").item<int64_t>());
    check_pattern("delay.start8_", begun(1), 8);
  }

  void check_generation() {
    if (!with_.recorded("gen.codes")) return;
    const Tensor settings = in("gen.max_length_guidance");
    const Tensor codes =
        generate_music(*model_, in("text_ids"), in("text_mask"),
                       static_cast<int64_t>(settings[0].item<float>()), settings[1].item<float>());
    with_.ids("gen.codes", codes.unsqueeze(0));
    with_.values("gen.audio", "audio", model_->audio_encoder->decode(codes));
  }

  Comparison& with_;
  const CheckpointFolder& folder_;
  Ptr<Musicgen> model_;
};

}  // namespace

void verify_musicgen(Comparison& with, const CheckpointFolder& folder) {
  MusicVerifier(with, folder).run();
}

}  // namespace conclave
