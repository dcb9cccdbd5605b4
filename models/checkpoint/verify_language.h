/// Language models, with or without pictures and adapters, against their records.
#pragma once

#include "models/checkpoint/checkpoint.h"
#include "models/checkpoint/comparison.h"
#include "models/checkpoint/run_case.h"

namespace conclave {

/// Runs every recorded pass and generation of `with`, whose records lie in the folder of the model or of an
/// adapter.
void verify_language(Comparison& with, const CheckpointFolder& model, const std::filesystem::path& records);

/// Compares everything that a pass gave: features, layers, routings, logits and losses.
void compare_pass(Comparison& with, const std::string& prefix, const Json& config, const CaseOutputs& got);

}  // namespace conclave
