/// A model that goes on from another one's weights.
#pragma once

#include "models/vlm/vlm.h"

namespace conclave {

/// Copies every tensor that both have with the same shape. A dense FFN whose place is routed in `model`
/// becomes its experts by sparse upcycling (arXiv 2212.05055), with some noise so that they can part; routers
/// stay as they are. Throws UsageError when a layer can be taken over in no way.
void start_from(Vlm& model, Vlm& earlier);

}  // namespace conclave
