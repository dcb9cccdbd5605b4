/// A published model that reads pictures, as its authors would hand it over.
#pragma once

#include <cstdint>
#include <filesystem>

#include "framework/base/json.h"

namespace conclave::testing {

/// Puts the configuration and weights of `from` into `folder`, and beside them a tokenizer of letters, the
/// picture processor `processor` and, where `picture_token` is not -1, a chat template in which that token,
/// "<image>", stands for a picture.
void make_vision_folder(const std::filesystem::path& folder, const std::filesystem::path& from,
                        const Json& processor, int64_t picture_token);

}  // namespace conclave::testing
