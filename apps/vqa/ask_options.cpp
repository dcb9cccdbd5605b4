#include "apps/vqa/ask_options.h"

#include "apps/common/shipped.h"
#include "framework/base/error.h"
#include "framework/tensor/device.h"

namespace conclave {

void AskOptions::declare(Options& options) {
  options
      .add("model", model,
           "Folder of the model (default: the shipped one, which knows coloured shapes, not photographs)")
      .group("Model");
  options.add("batch", engine.batch, "Questions that are answered together").group("Model").range(1, 4096);
  options.add("top-k", engine.top_k, "Answers to list, and the beams of the search; 1 is greedy")
      .group("Answers")
      .range(1, 100);
  options.add("max-tokens", engine.max_tokens, "Tokens that an answer may have")
      .group("Answers")
      .range(1, 1024);
  options.add("candidates", engine.candidates, "An answer to choose from; repeat for more").group("Answers");
  options
      .add("mask-expert", masked,
           "SITE:EXPERT that may not be chosen, *:EXPERT at every layer; repeat for more")
      .group("Ablations");
}

VqaOptions AskOptions::engine_of(const VqaModel& model) const {
  VqaOptions options = engine;
  if (!masked.empty()) options.edits = forbid_experts(masked, model.pools());
  return options;
}

std::filesystem::path AskOptions::folder() const {
  return model.empty() ? shipped("vqa-small") : model;
}

VqaModel AskOptions::load(const Invocation& call) const {
  const auto& common = call.common();
  require<UsageError>(common.dtype == "auto" || common.dtype == "float32",
                      "--dtype {}: answers are computed in float32 (allowed: auto, float32)", common.dtype);
  set_threads(common.threads);
  return VqaModel::load(folder(), parse_device(common.device));
}

void AskOptions::begin(Invocation& call) const {
  auto& history = call.history();
  history.param("model_folder", std::filesystem::absolute(folder()).string());
  history.input(folder() / "config.json", "model");
  if (const auto weights = folder() / "model.safetensors"; std::filesystem::exists(weights))
    history.input(weights, "model");
}

}  // namespace conclave
