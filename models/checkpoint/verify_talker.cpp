#include "models/checkpoint/verify_talker.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "models/audio/talker.h"
#include "models/checkpoint/run_case.h"
#include "models/checkpoint/verify_language.h"

namespace conclave {
namespace {

// The recorded pass, or its first row.
Inputs thinker_inputs(const Safetensors& in, bool first_row) {
  const auto cut = [&](const char* name) {
    const Tensor whole = in.tensor(std::string("talker.") + name);
    return first_row ? whole.narrow(0, 0, 1) : whole;
  };
  Inputs inputs;
  inputs.ids_NL = cut("thinker_ids");
  inputs.valid_NL = cut("attention_mask").to(at::kBool);
  if (!first_row) inputs.labels_NL = cut("labels");
  for (const char* name : {"thinker_embeds", "thinker_hidden", "image_grid_thw"})
    inputs.pictures[name] = cut(name);
  return inputs;
}

}  // namespace

void verify_talker(Comparison& with, const CheckpointFolder& folder) {
  if (!with.in().contains("talker.thinker_ids")) return;  // recorded without it
  const at::NoGradGuard no_grad;
  const auto talker = load_as(folder, make_talker, with.dtype());
  const auto& in = with.in();
  compare_pass(with, "talker.", folder.config,
               run_case(*talker->lm, folder.config, thinker_inputs(in, false)));
  with.values("talker.predictor.logits", "logits",
              talker->predicted(in.tensor("talker.predictor.states"), in.tensor("talker.predictor.codes")));
  if (!with.open("talker.gen.codes")) return;
  const auto& project = talker->thinker->text_projection;
  with.ids("talker.gen.codes",
           talker->speak(thinker_inputs(in, true), project.forward(in.tensor("talker.gen.trailing")),
                         project.forward(in.tensor("talker.gen.pad")), with.shape("talker.gen.codes")[1]));
}

}  // namespace conclave
