/// Weights of a loaded model in blocks of 8 or 4 bits.
#pragma once

#include <optional>
#include <string>

#include "framework/moe/kernels/packed.h"
#include "framework/tensor/module.h"

namespace conclave {

/// "int8" and "int4"; nothing for any other word.
std::optional<kernels::Packing> packing_named(const std::string& name);

/// Packs one part, called `name` in the model, when it is a projection or a bank of experts of the text model
/// whose rows can be cut into blocks. Embeddings, routers, norms and picture towers stay as they are, and so
/// does the latent attention's up-projection, whose halves are used apart.
void pack_part(const std::string& name, Module& part, kernels::Packing packing);

}  // namespace conclave
