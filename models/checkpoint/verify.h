/// Compares a loaded checkpoint with what its original code gave.
///
/// Beside the weights lie inputs.safetensors and expected.safetensors. Two namings are read. Plain:
/// "input_ids", "attention_mask", "labels" and "logits", "hidden.L" (output of layer L), "final_norm",
/// "router_logits.L", "expert_ids.L", "combine_weights.L", "loss", "aux_loss", "grad.NAME"; "gen.input_ids"
/// and "generated" (new tokens). By case: "text.input_ids" and "text.logits", "text.hidden.I" (input of layer
/// I), "text.norm", "text.router.L.logits|experts|weights", "text.loss", "text.grad.NAME"; "gen.input_ids"
/// and "gen.output_ids" (prompt and new tokens).
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "framework/base/json.h"

namespace conclave {

/// What may differ and still pass, in float32.
struct VerifyBounds {
  double values = 1e-4;     ///< absolute: logits, hidden states, router logits and weights
  double loss = 1e-5;       ///< absolute
  double gradients = 1e-4;  ///< of the largest element of the gradient
};

/// Choices of experts with weights of a narrower type than the original's. They are judged up to the first
/// layer that chose otherwise, because later ones read other numbers.
struct ExpertAgreement {
  int64_t tokens = 0, equal = 0;  ///< over all layers
  double widest_margin = 0;       ///< between scores that changed places, as a share of the largest score
  double bound = 0;               ///< what counts as a tie
};

struct VerifyResult {
  std::string folder, architecture;
  std::string weights = "float32";
  ExpertAgreement agreement;              ///< unless weights are float32
  std::map<std::string, double> largest;  ///< by kind of output: "logits", "hidden", "loss", ...
  bool experts_equal = true, tokens_equal = true;
  std::string first_difference;        ///< first output of the pass that is out of bounds; empty: none
  std::vector<std::string> unchecked;  ///< expected outputs that were not compared
  bool pass() const { return first_difference.empty(); }
  Json json() const;
};

/// Runs every case of the folder with `weights` "float32", "bfloat16", "float16", "int8" or "int4". In the
/// narrower types values and tokens are told and not judged, gradients are left out, and a folder passes when
/// every other choice of experts is a tie within the type's rounding. Throws what open_checkpoint and
/// load_checkpoint throw, and DataError when the folder has no recorded outputs.
VerifyResult verify_checkpoint(const std::filesystem::path& folder, const VerifyBounds& bounds = {},
                               const std::string& weights = "float32");

}  // namespace conclave
