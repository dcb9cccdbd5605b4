/// The index of a checkpoint that lies in several .safetensors files, without tensors.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>

namespace conclave {

/// File name -> names of the tensors in it.
using SafetensorsIndex = std::map<std::string, std::set<std::string>>;

/// Reads {"weight_map": {tensor: file}}. Files are plain names in the index's own folder. Throws DataError
/// that names `name`.
SafetensorsIndex parse_safetensors_index(std::string_view text, const std::string& name);

}  // namespace conclave
