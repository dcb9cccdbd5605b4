/// Gradients of a loss against the recorded ones.
#pragma once

#include <functional>

#include "models/checkpoint/adapters.h"
#include "models/checkpoint/comparison.h"
#include "models/checkpoint/name_map.h"

namespace conclave {

/// Compares what is recorded as PREFIXgrad.NAME, where NAME is that of the files or of the original's fused
/// parameter. `objective` runs the pass with gradients and gives the loss; it is called only when there is
/// something to compare.
void check_gradients(Comparison& with, const std::string& prefix, Module& model, const NameMap& names,
                     AdapterTensors& adapters, const std::function<Tensor()>& objective);

}  // namespace conclave
