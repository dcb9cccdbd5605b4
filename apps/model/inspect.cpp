#include "apps/model/inspect.h"

#include <fmt/format.h>

#include "apps/common/app.h"
#include "framework/base/error.h"
#include "models/checkpoint/summary.h"

namespace conclave {

std::string ModelInspectVerb::examples() const {
  return "conclave-model inspect model-folder\n"
         "conclave-model inspect model-folder --json";
}

void ModelInspectVerb::declare(Options& options) {
  options.positional("FOLDER", folder_, "A model folder as published").required();
}

int ModelInspectVerb::run(Invocation& call) {
  const Json summary = summarise_checkpoint(open_checkpoint(folder_));
  if (call.json()) {
    call.out().write(summary);
    return kExitDone;
  }
  const auto line = [](const std::string& name, const std::string& value) {
    fmt::print("{:<20} {}\n", name, value);
  };
  for (const auto& [key, value] : summary.items()) {
    if (!value.is_object()) line(key, value.is_string() ? value.get<std::string>() : value.dump());
  }
  for (const auto& [dtype, bytes] : summary["memory"].items())
    line("memory " + dtype, fmt::format("{:.3f} GB", bytes.get<double>() / 1e9));
  return kExitDone;
}

}  // namespace conclave
