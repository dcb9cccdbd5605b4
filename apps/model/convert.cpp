#include "apps/model/convert.h"

#include <fmt/format.h>

#include "apps/common/app.h"
#include "models/checkpoint/merge.h"

namespace conclave {
namespace {

int tell(const Converted& done, const std::filesystem::path& to, Invocation& call) {
  if (call.json())
    call.out().write({{"folder", to.string()}, {"tensors", done.tensors}, {"bytes", done.bytes}});
  else
    fmt::print("{} tensors, {:.3f} GB, in {}\n", done.tensors, static_cast<double>(done.bytes) / 1e9,
               to.string());
  return kExitDone;
}

}  // namespace

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
  return tell(convert_checkpoint(from_, to_), to_, call);
}

std::string ModelMergeVerb::examples() const {
  return "conclave-model merge-adapter my-adapter merged-model\n"
         "conclave-model run merged-model --prompt \"Once upon a time\"";
}

void ModelMergeVerb::declare(Options& options) {
  options.positional("ADAPTER", from_, "A folder with adapter_config.json, which names its base model")
      .required();
  options.positional("OUT", to_, "A folder for the merged model").required();
}

int ModelMergeVerb::run(Invocation& call) {
  call.begin();
  return tell(merge_adapter(from_, to_), to_, call);
}

}  // namespace conclave
