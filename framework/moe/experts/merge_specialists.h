/// Dense specialists become the experts of one routed model (the second stage of UniMoE-Audio's curriculum).
#pragma once

#include <cstdint>
#include <span>

#include "framework/tensor/module.h"

namespace conclave {

/// Fills `routed` from models of its shape that have a gated FFN where it has a routed one (arXiv 2510.13344,
/// sec. IV-B): expert e of a layer is the FFN of specialist e modulo their number, with some noise from the
/// second copy on so that copies can part; routers and shared experts stay as they are; everything else is
/// the specialists' mean. One specialist is sparse upcycling. Throws UsageError that names the tensor which
/// no specialist has, or has in another shape.
void merge_specialists(Module& routed, std::span<Module* const> specialists, uint64_t seed);

}  // namespace conclave
