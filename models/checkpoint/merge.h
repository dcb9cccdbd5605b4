/// An adapter folded into its base model's weights, as a folder of the base's layout.
#pragma once

#include "models/checkpoint/convert.h"

namespace conclave {

/// Writes to the folder `to` the base model that the LoRA or DoRA in the folder `adapter` names, with the
/// adapter folded into the weights that it changes, rounded to their dtypes; all other weights bit for bit,
/// and the small files of the base beside them. Tensors keep their published names and shapes. Throws
/// DataError when a changed weight lies in the files in a form that cannot be written again (float8 with
/// scales), and UsageError for an adapter whose change depends on the token (MixLoRA) or when `to` has
/// weights already.
Converted merge_adapter(const std::filesystem::path& adapter, const std::filesystem::path& to);

}  // namespace conclave
