/// Units of several tokens: a sequence, or whatever unit_T numbers (a patch, a chunk).
#pragma once

#include "framework/moe/router.h"

namespace conclave {

/// A unit's input is the mean over its valid tokens; what else the context holds is that of its first valid
/// token, importance the mean. A unit without valid tokens is invalid. An Error while decoding, because the
/// mean would look at later tokens, and where the context does not number the units.
struct GroupedUnits : UnitStage {
  bool by_unit;  ///< by unit_T within a sequence; else by sequence_T
  explicit GroupedUnits(bool by_unit) : by_unit(by_unit) {}
  Units group(const Tensor& x_TD, const TokenContext& context) override;
};

}  // namespace conclave
