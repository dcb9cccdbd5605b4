/// Records that layers leave during a pass, for losses, traces and views.
#pragma once

#include <vector>

#include "framework/moe/routing.h"
#include "framework/tensor/token_context.h"

namespace conclave {

/// One layer's routing in one pass. Tensors share storage with the pass.
struct Record {
  int site = 0;
  int64_t experts = 0;  ///< routed experts, nulls not counted
  int64_t nulls = 0;
  Routing routing;
  Tensor dropped_E;      ///< float32, slots lost to capacity by expert; undefined when there is none
  Tensor x_TD;           ///< layer input, only when keep_inputs
  TokenContext context;  ///< a copy: modality, sequence, validity
};

struct RoutingLog {
  bool keep_logits = false;  ///< keep logits and probabilities outside training too
  bool keep_inputs = false;
  std::vector<Record> records;
};

}  // namespace conclave
