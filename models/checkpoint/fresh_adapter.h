/// New adapters for a published model, in the layouts that adapters are published in.
#pragma once

#include "models/checkpoint/checkpoint.h"

namespace conclave {

struct AdapterPlan {
  std::string kind = "lora";  ///< "lora", "dora", "mixlora", "mole" or "loramoe"
  int64_t rank = 8;
  double alpha = 16;
  double dropout = 0;  ///< on the adapter's input, while training
  bool rslora = false;
  /// Last parts of the projections' published names, as PEFT's target_modules; empty: all of the text
  /// model's layers, those of experts apart; with "loramoe" the feed-forward parts'.
  std::vector<std::string> targets = {};
  int64_t experts = 8;    ///< of a bank
  int64_t chosen = 2;     ///< of them, for each token, with "mixlora"; "mole" takes one, "loramoe" weighs all
  double balance = 0.01;  ///< weight of the bank's balance loss
};

/// Writes adapter_config.json and adapter_model.safetensors to `folder`: LoRA (arXiv 2106.09685) and DoRA
/// (arXiv 2402.09353) on projections in PEFT's layout, or MixLoRA's LoRA experts over each dense feed-forward
/// part, with LoRA on the attention beside them (arXiv 2404.15159), LLaVA-MoLE's, the same with one expert a
/// token (arXiv 2401.16160; mole_args.json beside), or LoRAMoE's pairs and routers on projections (arXiv
/// 2312.09979). They change nothing yet: each B is zero. Throws UsageError when a target fits no projection,
/// and for "mixlora" and "mole" on a base without dense gated feed-forward parts.
void write_fresh_adapter(const CheckpointFolder& base, const AdapterPlan& plan,
                         const std::filesystem::path& folder, uint64_t seed);

}  // namespace conclave
