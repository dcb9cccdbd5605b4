/// The dtypes that the safetensors format and ATen share.
#pragma once

#include <c10/core/ScalarType.h>

#include <optional>
#include <string_view>

namespace conclave {

/// ATen's dtype for the format's name; nothing for packed 4 and 6 bit floats and unknown names.
std::optional<at::ScalarType> dtype_of_safetensors(std::string_view dtype);

/// The format's name; throws UsageError for a dtype the format lacks.
std::string_view safetensors_dtype(at::ScalarType dtype);

}  // namespace conclave
