#include "apps/model/convert.h"

#include <fmt/format.h>

#include "apps/common/app.h"
#include "framework/base/error.h"
#include "models/checkpoint/gguf_writer.h"
#include "models/checkpoint/merge.h"
#include "models/checkpoint/pack.h"

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

std::string ModelQuantizeVerb::examples() const {
  return "conclave-model quantize model-folder small/model.gguf --weights int4\n"
         "conclave-model run small --prompt \"Once upon a time\"";
}

void ModelQuantizeVerb::declare(Options& options) {
  options.positional("FROM", from_, "A model folder as published").required();
  options.positional("OUT", to_, "The .gguf file").required();
  options.add("weights", weights_, "Blocks of so many bits; none: the types as published")
      .choices({"int8", "int4", "none"});
}

int ModelQuantizeVerb::run(Invocation& call) {
  call.begin();
  require<UsageError>(to_.extension() == ".gguf", "{}: the file's name must end in .gguf", to_.string());
  const auto folder = open_checkpoint(from_);
  const auto done = write_gguf(folder, to_, packing_named(weights_));
  // The text beside it, so that it can be spoken with.
  const auto beside = to_.has_parent_path() ? to_.parent_path() : std::filesystem::path(".");
  for (const char* name : {"tokenizer.json", "tokenizer.model", "tokenizer_config.json",
                           "generation_config.json", "special_tokens_map.json", "chat_template.jinja"})
    if (std::filesystem::exists(from_ / name) && !std::filesystem::exists(beside / name))
      std::filesystem::copy_file(from_ / name, beside / name);
  if (call.json())
    call.out().write(
        {{"file", to_.string()}, {"tensors", done.tensors}, {"packed", done.packed}, {"bytes", done.bytes}});
  else
    fmt::print("{} tensors, {} of them in blocks, {:.3f} GB, in {}\n", done.tensors, done.packed,
               static_cast<double>(done.bytes) / 1e9, to_.string());
  return kExitDone;
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
