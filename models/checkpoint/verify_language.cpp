#include "models/checkpoint/verify_language.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "framework/generate/generate.h"
#include "models/checkpoint/read_inputs.h"
#include "models/checkpoint/verify_gradients.h"
#include "models/checkpoint/verify_routing.h"

namespace conclave {
namespace {

TokenRows rows_of(const Reading& reading) {
  return {reading.x_NLD.size(0), reading.x_NLD.size(1), reading.valid_NL};
}

class LanguageVerifier {
 public:
  LanguageVerifier(Comparison& with, const CheckpointFolder& folder, const std::filesystem::path& records)
      : with_(with),
        folder_(folder),
        records_(records),
        config_(folder.config),
        model_(load_checkpoint(folder, with.dtype(), with.packing())) {}

  void run() {
    const bool adapted = is_adapter(records_);
    if (adapted) {
      check_variant("logits_base_only");
      adapters_ = load_adapter(*model_, folder_, records_);
      // Auxiliary losses are part of the loss when the recording asked for them.
      if (!with_.open("aux_loss")) config_.erase("aux_loss");
    }
    if (has_meteora(records_)) adapters_ = load_meteora(*model_, records_);
    for (const auto& prefix : recorded_cases(with_.in())) {
      // Generations are recorded with the prompt (by case) or without it (plain).
      const bool plain = prefix == "gen." && with_.open("generated");
      if (plain || with_.open(prefix + "output_ids"))
        check_generation(prefix, plain ? "generated" : prefix + "output_ids");
      else
        check_pass(prefix);
    }
    check_continuations();
    if (adapted && with_.open("merged.logits")) {
      merge_adapters(*model_);
      check_variant("merged.logits");
      check_merged_weights();
    }
  }

 private:
  Inputs inputs(const std::string& prefix) const { return read_inputs(with_.in(), prefix, config_); }

  // The logits of the plain case in another state of the model.
  void check_variant(const std::string& name) {
    if (!with_.open(name)) return;
    const at::NoGradGuard no_grad;
    const CaseOutputs got = run_case(*model_, config_, inputs(""));
    with_.tokens(name, "logits", got.logits_NLV, rows_of(got.reading));
  }

  void check_merged_weights() {
    std::map<std::string, Tensor> tensors;
    for (auto& t : named_tensors(*model_)) tensors[t.name] = t.tensor;
    const std::string prefix = "merged.";
    for (const auto& name : with_.open_with(prefix)) {
      std::vector<Tensor> parts;
      for (const auto& ours : NameMap(*folder_.architecture).ours(name.substr(prefix.size())).ours)
        if (tensors.contains(ours)) parts.push_back(tensors[ours]);
      if (!parts.empty()) with_.values(name, "weights", at::cat(parts, parts[0].dim() == 3 ? 1 : 0));
    }
  }

  void check_pass(const std::string& prefix) {
    const Inputs input = inputs(prefix);
    if (!input.pictures.empty() && !model_->pictures) return;
    if (unrecorded(prefix)) return;
    CaseOutputs got;
    {
      const at::NoGradGuard no_grad;
      got = run_case(*model_, config_, input, is_training(prefix));
    }
    compare_pass(with_, prefix, config_, got);
    if (input.labels_NL.defined())
      check_gradients(with_, prefix, *model_, NameMap(*folder_.architecture), adapters_,
                      [&] { return run_case(*model_, config_, input, is_training(prefix)).objective; });
  }

  // Passes with random draws that a file cannot hold.
  static bool unrecorded(const std::string& prefix) { return prefix == "noise."; }
  static bool is_training(const std::string& prefix) { return prefix.starts_with("train"); }

  // Continuations of other cases, recorded without inputs of their own: "gen.output_ids" goes on from the
  // text case, "gen_image.output_ids" from the picture, "..._penalty10" with a repetition penalty of 10.
  void check_continuations() {
    const auto cases = recorded_cases(with_.in());
    const auto has = [&](const char* prefix) {
      return std::find(cases.begin(), cases.end(), prefix) != cases.end();
    };
    if (has("image.")) {
      for (const auto& name : with_.open_with("gen_image"))
        if (name.ends_with(".output_ids")) check_generation("image.", name);
    }
    if (has("text.")) check_generation("text.", "gen.output_ids");
    if (has("")) check_generation("", "generated");
  }

  void check_generation(const std::string& prefix, const std::string& name) {
    if (!with_.open(name)) return;
    const at::NoGradGuard no_grad;
    const Inputs input = inputs(prefix);
    Tensor theirs = with_.take(name);
    const std::string penalty = "_penalty";
    GenerateOptions options;
    if (const size_t place = name.find(penalty); place != std::string::npos)
      options.sampling.repetition_penalty = std::strtod(name.c_str() + place + penalty.size(), nullptr);
    if (name != "generated") {
      const int64_t prompt = prompt_tokens(theirs, input);
      theirs = theirs.narrow(1, prompt, theirs.size(1) - prompt);
    }
    options.max_tokens = theirs.size(1);
    const auto rows = continued(input, options);
    bool equal = true;
    for (size_t i = 0; i < rows.size(); ++i)
      equal = equal && at::equal(at::tensor(rows[i], at::kLong), theirs[static_cast<int64_t>(i)]);
    if (equal) return;
    with_.result().tokens_equal = false;
    if (with_.exact()) with_.differs(name);
  }

  // Recorded ids begin with the prompt, with a 0 for each placeholder; those made from embeddings with
  // nothing, or with the token that every text begins with.
  int64_t prompt_tokens(const Tensor& theirs, const Inputs& input) const {
    const int64_t prompt = input.ids_NL.size(1);
    if (theirs.size(1) > prompt &&
        at::equal(theirs.narrow(1, 0, prompt).clamp_min(0), input.ids_NL.clamp_min(0)))
      return prompt;
    return config_.contains("first_token") ? 1 : 0;
  }

  // The most probable continuations.
  std::vector<std::vector<int64_t>> continued(const Inputs& input, const GenerateOptions& options) {
    if (config_.value("generate", "cached") == "recomputed") return recomputed(input, options.max_tokens);
    Prompt prompt = model_->prompt(input);
    if (config_.contains("first_token"))
      prompt.tokens.assign(static_cast<size_t>(prompt.rows()), {config_["first_token"].get<int64_t>()});
    std::vector<std::vector<int64_t>> rows;
    for (auto& row : generate(*model_->text, prompt, options)) rows.push_back(row.tokens);
    return rows;
  }

  // A whole pass for each token, where the tokens of a pass compete for places with the experts.
  std::vector<std::vector<int64_t>> recomputed(Inputs input, int64_t tokens) {
    const int64_t count = input.ids_NL.size(0);
    std::vector<std::vector<int64_t>> rows(static_cast<size_t>(count));
    input.labels_NL = input.position = input.importance_NL = Tensor();
    for (int64_t t = 0; t < tokens; ++t) {
      const Tensor next_N1 = run_case(*model_, config_, input).logits_NLV.select(1, -1).argmax(-1, true);
      input.ids_NL = at::cat({input.ids_NL, next_N1}, 1);
      if (input.valid_NL.defined())
        input.valid_NL = at::cat({input.valid_NL, at::ones({count, 1}, at::kBool)}, 1);
      for (int64_t i = 0; i < count; ++i) rows[static_cast<size_t>(i)].push_back(next_N1[i].item<int64_t>());
    }
    return rows;
  }

  Comparison& with_;
  const CheckpointFolder& folder_;
  const std::filesystem::path& records_;
  Json config_;
  AdapterTensors adapters_;
  Ptr<Multimodal> model_;
};

}  // namespace

void compare_pass(Comparison& with, const std::string& prefix, const Json& config, const CaseOutputs& got) {
  with.begin_pass();
  const bool plain = prefix.empty();
  const TokenRows rows = rows_of(got.reading), all{rows.rows, rows.columns, {}};
  for (const auto& [name, features] : got.reading.features) with.values(prefix + name, "features", features);
  if (got.reading.labels_NL.defined()) with.tokens(prefix + "targets", "labels", got.reading.labels_NL, all);
  // Layers count from their input (by case) or from their output (plain).
  if (!plain) with.tokens(prefix + "hidden.0", "hidden", got.reading.x_NLD, rows);
  for (const char* name : {"inputs_embeds", "embeds"})
    with.tokens(prefix + name, "hidden", got.reading.x_NLD, rows);
  for (size_t i = 0; i < got.layers.size(); ++i) {
    for (const auto& routed : got.routings)
      if (routed.layer == static_cast<int64_t>(i)) {
        check_routing(with, prefix, routed, rows);
        if (config.contains("routers"))
          check_modality_routers(with, config["routers"], prefix, routed, got.reading);
      }
    check_adapter_routing(with, fmt::format("model.layers.{}.", i), got, rows);
    const auto name = plain ? fmt::format("hidden.{}", i) : fmt::format("{}hidden.{}", prefix, i + 1);
    with.tokens(name, "hidden", got.layers[i], rows);
  }
  with.tokens(prefix + (plain ? "final_norm" : "norm"), "hidden", got.normed_NLD, rows);
  with.tokens(prefix + "logits", "logits", got.logits_NLV, rows);
  for (const auto& [name, value] : got.losses) with.loss(prefix + name, value);
  if (got.loss.defined()) with.loss(prefix + "loss", got.loss);
}

void verify_language(Comparison& with, const CheckpointFolder& model, const std::filesystem::path& records) {
  LanguageVerifier(with, model, records).run();
}

}  // namespace conclave
