#include "apps/model/verify.h"

#include <fmt/format.h>

#include "apps/common/app.h"
#include "framework/base/error.h"
#include "framework/base/signals.h"
#include "framework/tensor/device.h"
#include "models/checkpoint/verify.h"

namespace conclave {
namespace {

void print(const VerifyResult& result) {
  fmt::print("{}  {}  {}\n", result.pass() ? "pass" : "FAIL", result.folder, result.architecture);
  for (const auto& [kind, value] : result.largest) fmt::print("  {:<14} {:.1e}\n", kind, value);
  fmt::print("  {:<14} {}\n", "experts", result.experts_equal ? "equal" : "differ");
  fmt::print("  {:<14} {}\n", "tokens", result.tokens_equal ? "equal" : "differ");
  if (result.weights != "float32")
    fmt::print("  {:<14} {} of {} choices equal, widest margin {:.4f} (a tie up to {:.4f})\n", result.weights,
               result.agreement.equal, result.agreement.tokens, result.agreement.widest_margin,
               result.agreement.bound);
  if (!result.pass()) fmt::print("  first to differ: {}\n", result.first_difference);
  if (!result.unchecked.empty()) fmt::print("  not compared: {}\n", fmt::join(result.unchecked, ", "));
}

}  // namespace

std::string ModelVerifyVerb::examples() const {
  return "conclave-model verify model-folder\n"
         "conclave-model verify parity/* --json";
}

void ModelVerifyVerb::declare(Options& options) {
  options.positional("FOLDER", folders_, "Folders with inputs.safetensors and expected.safetensors")
      .required();
  options.add("weights", weights_, "Keep matrices and experts in blocks of so many bits; otherwise --dtype")
      .choices({"int8", "int4"});
}

int ModelVerifyVerb::run(Invocation& call) {
  set_threads(call.common().thread_count());
  call.begin();
  bool all = true;
  const auto& asked = call.common().dtype;
  const std::string weights = !weights_.empty() ? weights_ : asked == "auto" ? "float32" : asked;
  for (const auto& folder : folders_) {
    if (interrupted()) return kExitInterrupted;
    try {
      const VerifyResult result = verify_checkpoint(folder, {}, weights);
      all = all && result.pass();
      if (call.json())
        call.out().write(result.json());
      else
        print(result);
    } catch (const Error& e) {
      all = false;
      if (folders_.size() == 1) throw;
      if (call.json())
        call.out().write(error_line(folder.string(), e));
      else
        fmt::print("FAIL  {}\n  {}\n", folder.string(), e.what());
    }
  }
  return all ? kExitDone : kExitFailed;
}

}  // namespace conclave
