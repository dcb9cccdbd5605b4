#include "apps/model/convert.h"

#include <fmt/format.h>

#include "apps/common/app.h"
#include "models/checkpoint/convert.h"

namespace conclave {

std::string ModelConvertVerb::examples() const {
  return "conclave-model convert published-folder new-folder\n"
         "conclave-model convert weights_16khz.pth new-folder";
}

void ModelConvertVerb::declare(Options& options) {
  options.positional("FROM", from_, "A model folder as published, or one file of weights").required();
  options.positional("OUT", to_, "A folder for the safetensors").required();
}

int ModelConvertVerb::run(Invocation& call) {
  call.begin();
  const Converted done = convert_checkpoint(from_, to_);
  if (call.json())
    call.out().write({{"folder", to_.string()}, {"tensors", done.tensors}, {"bytes", done.bytes}});
  else
    fmt::print("{} tensors, {:.3f} GB, in {}\n", done.tensors, static_cast<double>(done.bytes) / 1e9,
               to_.string());
  return kExitDone;
}

}  // namespace conclave
