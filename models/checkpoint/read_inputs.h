/// Recorded inputs of a model, as its processor hands them over.
#pragma once

#include "framework/base/json.h"
#include "framework/tensor/tensor_source.h"
#include "models/multimodal/multimodal.h"

namespace conclave {

/// The prefixes of the recorded cases: everything in front of "input_ids" or "instruction", generations last.
std::vector<std::string> recorded_cases(const TensorSource& source);

/// Reads PREFIXinput_ids, PREFIXattention_mask, PREFIXlabels and what else stands under the prefix; or
/// PREFIXinstruction, .answer and .image of one row, and of several with ".0", ".1" behind. Then everything
/// that follows `config`'s "conversation": {"assistant": ids} is asked for, until its "user" ids. Throws
/// DataError.
Inputs read_inputs(const TensorSource& source, const std::string& prefix,
                   const Json& config = Json::object());

}  // namespace conclave
