#include "models/checkpoint/adapter_set.h"

#include <set>

#include "framework/base/error.h"
#include "framework/lora/adapter_choice.h"
#include "framework/lora/attach.h"
#include "models/checkpoint/adapters.h"
#include "models/checkpoint/pack.h"

namespace conclave {
namespace {

// Adapters whose rows can be told apart in each projection.
void check_kind(const std::string& name, const std::filesystem::path& folder) {
  require<UsageError>(is_adapter(folder),
                      "adapter {}: {} is no adapter's folder: it has no adapter_config.json", name,
                      folder.string());
  const auto file = folder / "adapter_config.json";
  const Json config = read_json(file);
  const auto of = [&](const char* key) { return config.is_object() ? config.value(key, Json()) : Json(); };
  const Json type = of("peft_type"), parameters = of("target_parameters");
  require<UsageError>(type == "LORA",
                      "adapter {}: {}: peft_type {} cannot be chosen row by row (LORA can); "
                      "give its folder alone, in the model's place",
                      name, file.string(), type.dump());
  require<UsageError>(parameters.is_null() || parameters.empty(),
                      "adapter {}: {}: adapters of experts (target_parameters) cannot be chosen row by row; "
                      "give its folder alone, in the model's place",
                      name, file.string());
}

}  // namespace

void load_adapters(Multimodal& model, const CheckpointFolder& base, const NamedFolders& folders) {
  std::set<std::string> names;
  for (const auto& [name, folder] : folders) {
    require<UsageError>(!name.empty() && names.insert(name).second, "adapter name '{}' {}", name,
                        name.empty() ? "is empty" : "comes twice");
    check_kind(name, folder);
  }
  const auto linears = find_linears(model, {"*"});
  std::vector<Ptr<AdapterChoice>> choices;
  for (const auto& [place, linear] : linears) {
    require<UsageError>(!take_adapter(*linear), "{}: {} has an adapter of its own; others cannot be chosen",
                        base.path.string(), place);
    choices.push_back(std::make_shared<AdapterChoice>());
    choices.back()->adapters.resize(folders.size());
    choices.back()->outs = features_of(*linear).second;
  }
  for (size_t a = 0; a < folders.size(); ++a) {
    load_adapter(model, base, folders[a].second);
    for (size_t i = 0; i < linears.size(); ++i) {
      auto adapter = take_adapter(*linears[i].linear);
      require<UsageError>(!adapter || linears[i].name.starts_with("model.layers."),
                          "adapter {}: {} is no projection of the text's layers; such an adapter cannot be "
                          "chosen row by row",
                          folders[a].first, linears[i].name);
      choices[i]->adapters[a] = std::move(adapter);
    }
  }
  for (size_t i = 0; i < linears.size(); ++i) {
    const auto& all = choices[i]->adapters;
    if (std::any_of(all.begin(), all.end(), [](const auto& adapter) { return adapter != nullptr; }))
      put_adapter(*linears[i].linear, choices[i]);
  }
}

}  // namespace conclave
