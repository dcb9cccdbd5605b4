// conclave-vqa: questions about pictures, answered by a mixture-of-experts model.
#include "apps/common/app.h"
#include "apps/vqa/bench.h"
#include "apps/vqa/eval.h"
#include "apps/vqa/export.h"
#include "apps/vqa/inspect.h"
#include "apps/vqa/run.h"
#include "apps/vqa/train.h"

int main(int argc, char** argv) {
  conclave::Verbs verbs;
  verbs.push_back(std::make_unique<conclave::RunVerb>());
  verbs.push_back(std::make_unique<conclave::TrainVerb>());
  verbs.push_back(std::make_unique<conclave::InspectVerb>());
  verbs.push_back(std::make_unique<conclave::EvalVerb>());
  verbs.push_back(std::make_unique<conclave::BenchVerb>());
  verbs.push_back(std::make_unique<conclave::ExportVerb>());
  return conclave::run_app(argc, argv, {"vqa", "Questions about pictures"}, std::move(verbs));
}
