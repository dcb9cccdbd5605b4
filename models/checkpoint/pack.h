/// Weights of a loaded model in blocks of 8 or 4 bits.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "framework/moe/kernels/packed.h"
#include "framework/nn/linear.h"

namespace conclave {

/// "int8" and "int4"; nothing for any other word.
std::optional<kernels::Packing> packing_named(const std::string& name);

/// Packs one part, called `name` in the model, when it is a projection or a bank of experts of the text model
/// whose rows can be cut into blocks. Embeddings, routers, norms and picture towers stay as they are, and so
/// does the latent attention's up-projection, whose halves are used apart.
void pack_part(const std::string& name, Module& part, kernels::Packing packing);

/// Puts an adapter on a projection, on top of its weights whether they are packed or not.
void put_adapter(Linear& linear, Ptr<Adapter> adapter);

/// In and out features of a projection, packed or not.
std::pair<int64_t, int64_t> features_of(const Linear& linear);

}  // namespace conclave
