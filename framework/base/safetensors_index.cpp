#include "framework/base/safetensors_index.h"

#include "framework/base/error.h"
#include "framework/base/json.h"

namespace conclave {
namespace {

/// A shard's name must be a plain file name: no folder, no "..".
bool is_plain_name(const std::string& name) {
  return !name.empty() && name != "." && name != ".." && name.find_first_of("/\\") == std::string::npos &&
         name.find('\0') == std::string::npos;
}

}  // namespace

SafetensorsIndex parse_safetensors_index(std::string_view text, const std::string& name) {
  const Json json = parse_json(text, name);
  const auto fail = [&](const std::string& what) { throw DataError(name, "weight_map", what); };
  if (!json.is_object() || !json.contains("weight_map") || !json["weight_map"].is_object())
    fail("is missing, or is no object");
  SafetensorsIndex index;
  for (const auto& [tensor, shard] : json["weight_map"].items()) {
    if (!shard.is_string() || !is_plain_name(shard.get<std::string>()))
      fail(fmt::format("the shard of \"{}\" must be a file name in the same folder, not {}", tensor,
                       shard.dump()));
    index[shard.get<std::string>()].insert(tensor);
  }
  return index;
}

}  // namespace conclave
