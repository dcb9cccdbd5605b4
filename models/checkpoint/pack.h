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

/// Where blocks go in the place of `tensor`, a tensor of the part called `name` in the model: room for them,
/// not filled; the caller then drops the tensor. Null for what stays as it is: embeddings, routers, norms,
/// picture towers, rows that cannot be cut into blocks, and the latent attention's up-projection, whose
/// halves are used apart.
kernels::PackedWeight* place_for_blocks(const std::string& name, Module& part, const Tensor& tensor,
                                        kernels::Packing packing);

/// Puts an adapter on a projection, on top of its weights whether they are packed or not.
void put_adapter(Linear& linear, Ptr<Adapter> adapter);

/// Takes a projection's adapter off, its packed weights stay; null when there is none.
Ptr<Adapter> take_adapter(Linear& linear);

/// In and out features of a projection, packed or not.
std::pair<int64_t, int64_t> features_of(const Linear& linear);

}  // namespace conclave
