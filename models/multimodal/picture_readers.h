/// The kinds of picture parts.
#pragma once

#include "models/multimodal/multimodal.h"

namespace conclave {

/// {"kind": ...}; docs/checkpoints.md lists the kinds and their keys. Throws UsageError that names the key.
Ptr<PictureReader> make_picture_reader(const Json& config, const CausalLm& text);

}  // namespace conclave
