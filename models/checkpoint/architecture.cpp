#include "models/checkpoint/architecture.h"

#include <algorithm>

#include "framework/base/error.h"
#include "models/checkpoint/architectures/families.h"

namespace conclave {

const std::vector<Architecture>& architectures() {
  static const std::vector<Architecture> all = [] {
    std::vector<Architecture> list;
    for (const auto family : {llama_family, qwen_family, qwen_next_family, qwen_omni_family, deepseek_family,
                              ernie_family, unimoe_family, llava_family, audio_family, seq2seq_family}) {
      for (auto& architecture : family()) list.push_back(std::move(architecture));
    }
    return list;
  }();
  return all;
}

const Architecture& find_architecture(const Json& config, const std::string& path) {
  const Json* names =
      config.is_object() && config.contains("architectures") ? &config["architectures"] : nullptr;
  // Codecs that were published without a class are known by their type.
  const Json type = config.is_object() && !names ? config.value("model_type", Json()) : Json();
  const bool typed =
      type.is_string() && std::any_of(architectures().begin(), architectures().end(), [&](auto& a) {
        return std::count(a.classes.begin(), a.classes.end(), type.get<std::string>()) > 0;
      });
  if (!typed && (!names || !names->is_array() || names->empty() || !(*names)[0].is_string()))
    throw DataError(path, "architectures", "must be a list that names the model's class");
  const auto wanted = (typed ? type : (*names)[0]).get<std::string>();
  std::vector<std::string> known;
  const Architecture* found = nullptr;
  for (const auto& architecture : architectures()) {
    const bool marked = !architecture.beside.empty();
    if (marked && !config.contains(architecture.beside)) continue;
    for (const auto& name : architecture.classes) {
      known.push_back(name);
      if (name == wanted && (!found || marked)) found = &architecture;
    }
  }
  if (found) return *found;
  const bool remote = config.contains("auto_map");
  throw DataError(
      path, "architectures",
      fmt::format("\"{}\" is not supported{} (supported: {})", wanted,
                  remote ? "; the folder names Python code of its own (auto_map), which is never run" : "",
                  fmt::join(known, ", ")));
}

const Architecture& architecture_of(const std::string& name) {
  for (const auto& architecture : architectures())
    if (std::count(architecture.classes.begin(), architecture.classes.end(), name) > 0) return architecture;
  throw Error(fmt::format("[architectures] there is no table of {}", name));
}

Architecture derive(const Architecture& base, std::string name, std::vector<std::string> classes, Json config,
                    std::vector<NameRule> names) {
  Architecture made = base;
  made.name = std::move(name);
  made.classes = std::move(classes);
  made.config.merge_patch(config);
  made.names.insert(made.names.begin(), names.begin(), names.end());
  return made;
}

}  // namespace conclave
