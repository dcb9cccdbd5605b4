#include "models/checkpoint/verify_audio_lm.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <utility>

#include "models/audio/audio_lm.h"
#include "models/checkpoint/read_inputs.h"
#include "models/checkpoint/verify_gradients.h"
#include "models/checkpoint/verify_language.h"

namespace conclave {
namespace {

class AudioVerifier {
 public:
  AudioVerifier(Comparison& with, const CheckpointFolder& folder)
      : with_(with), folder_(folder), model_(load_as(folder, make_audio_lm, at::kFloat)) {}

  void run() {
    check_pass();
    check_delay();
    check_generation();
    check_samples();
  }

 private:
  struct Pass {
    CaseOutputs got;
    Tensor codec_logits_NLCV;
  };

  Pass pass(const Inputs& inputs) {
    Pass made{run_case(*model_->lm, folder_.config, inputs), {}};
    made.codec_logits_NLCV = model_->codec_logits(made.got.normed_NLD);
    // Words are not trained on; their loss only brought the auxiliary one along.
    const Tensor aux = made.got.loss - made.got.losses.at("loss_ce");
    made.got.losses.erase("loss_ce");
    made.got.losses.erase("text_loss");
    made.got.loss = AudioLm::codec_loss(made.codec_logits_NLCV, with_.in().tensor("codec_labels")) + aux;
    return made;
  }

  void check_pass() {
    Inputs inputs = read_inputs(with_.in(), "", folder_.config);
    inputs.pictures["codec_input_ids"] = with_.in().tensor("codec_input_ids");
    {
      const at::NoGradGuard no_grad;
      Pass made = pass(inputs);
      const Tensor loss = std::exchange(made.got.loss, Tensor());  // in its turn, after the codes' logits
      const auto losses = std::exchange(made.got.losses, {});
      compare_pass(with_, "", folder_.config, made.got);
      const auto& reading = made.got.reading;
      with_.tokens("codec_logits", "logits", made.codec_logits_NLCV,
                   {reading.x_NLD.size(0), reading.x_NLD.size(1), reading.valid_NL});
      for (const auto& [name, value] : losses) with_.loss(name, value);
      with_.loss("loss", loss);
    }
    AdapterTensors none;
    check_gradients(with_, "", *model_, NameMap(*folder_.architecture), none,
                    [&] { return pass(inputs).got.loss; });
  }

  void check_delay() {
    const auto& pattern = model_->pattern;
    const Tensor codes_BTC = with_.in().tensor("delay.codes");
    const int64_t steps = codes_BTC.size(1), cut = 3;
    const Tensor applied = pattern.apply(codes_BTC);
    with_.ids("delay.applied", applied);
    with_.ids("delay.reverted", pattern.revert(applied, steps));
    with_.ids("delay.reverted_T_minus_3", pattern.revert(applied, steps - cut));
    with_.ids("delay.preprocess", pattern.whole(codes_BTC[0]));
    if (!with_.open("delay.prompt")) return;
    // As many frames of the first piece as the recorded prompt was long, and none of the others.
    const Tensor given_B = with_.take("delay.prompt_steps");
    std::vector<Tensor> prompts;
    for (int64_t b = 0; b < given_B.size(0); ++b) {
      const int64_t frames = given_B[b].item<int64_t>() - 1;
      prompts.push_back(frames > 0 ? codes_BTC[b].narrow(0, 0, frames) : Tensor());
    }
    with_.ids("delay.prompt", pattern.prefill(prompts));
  }

  void check_generation() {
    if (!with_.open("gen.codes_delayed")) return;
    const at::NoGradGuard no_grad;
    const Tensor scalars = with_.in().tensor("gen.scalars");
    AudioGeneration options;
    options.guidance = scalars[0].item<float>();
    options.eos_factor = scalars[1].item<float>();
    options.max_steps = static_cast<int64_t>(scalars[2].item<float>());
    options.min_steps = static_cast<int64_t>(scalars[3].item<float>());
    std::vector<Tensor> logits;
    options.guided_logits = &logits;
    const auto made = generate_audio(*model_, read_inputs(with_.in(), "gen.", folder_.config),
                                     with_.in().tensor("gen.prefill"), options);
    with_.values("gen.guided_logits", "logits", at::stack(logits));
    with_.ids("gen.codes_delayed", made.steps_BTC);
    with_.ids("gen.lengths", at::tensor(made.lengths, at::kLong));
    for (size_t b = 0; b < made.codes.size(); ++b) with_.ids(fmt::format("gen.codes.{}", b), made.codes[b]);
  }

  void check_samples() {
    for (const auto& name : with_.open_with("sample.")) {
      const auto stem = name.substr(0, name.rfind('.') + 1);
      if (!with_.in().contains(stem + "logits")) continue;
      const Tensor settings = with_.in().tensor(stem + "temperature_top_p_top_k");
      AudioGeneration options;
      options.temperature = settings[0].item<float>();
      options.top_p = settings[1].item<float>();
      options.top_k = static_cast<int64_t>(settings[2].item<float>());
      with_.values(name, "probabilities",
                   code_probabilities(with_.in().tensor(stem + "logits"), options, model_->pattern.eos));
    }
  }

  Comparison& with_;
  const CheckpointFolder& folder_;
  Ptr<AudioLm> model_;
};

}  // namespace

void verify_audio_lm(Comparison& with, const CheckpointFolder& folder) {
  AudioVerifier(with, folder).run();
}

}  // namespace conclave
