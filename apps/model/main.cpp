// conclave-model: checkpoints as they were published, loaded, looked at and compared with their originals.
#include "apps/common/app.h"
#include "apps/model/bench.h"
#include "apps/model/chat.h"
#include "apps/model/convert.h"
#include "apps/model/inspect.h"
#include "apps/model/run.h"
#include "apps/model/tune.h"
#include "apps/model/verify.h"
#include "framework/base/process_memory.h"

int main(int argc, char** argv) {
  conclave::keep_freed_memory();
  conclave::Verbs verbs;
  verbs.push_back(std::make_unique<conclave::ModelInspectVerb>());
  verbs.push_back(std::make_unique<conclave::ModelVerifyVerb>());
  verbs.push_back(std::make_unique<conclave::ModelRunVerb>());
  verbs.push_back(std::make_unique<conclave::ModelChatVerb>());
  verbs.push_back(std::make_unique<conclave::ModelTuneVerb>());
  verbs.push_back(std::make_unique<conclave::ModelConvertVerb>());
  verbs.push_back(std::make_unique<conclave::ModelQuantizeVerb>());
  verbs.push_back(std::make_unique<conclave::ModelMergeVerb>());
  verbs.push_back(std::make_unique<conclave::ModelBenchVerb>());
  return conclave::run_app(
      argc, argv, {"model", "Published checkpoints: what they hold, and the same numbers"}, std::move(verbs));
}
