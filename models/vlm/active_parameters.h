/// How much of a model works on one token.
#pragma once

#include "models/vlm/vlm.h"

namespace conclave {

/// Parameters that read a token of `modality`: of each routed layer the router, the shared parts and as many
/// experts as a token has slots; for pictures the encoder too. The embedding counts once, as the output head.
int64_t active_parameters(Vlm& model, Modality modality);

}  // namespace conclave
