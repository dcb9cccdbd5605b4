#include "apps/common/app.h"
#include "apps/stream/verbs.h"

int main(int argc, char** argv) {
  using namespace conclave;
  Verbs verbs;
  verbs.push_back(make_run_verb());
  verbs.push_back(make_resume_verb());
  verbs.push_back(make_snapshot_verb());
  verbs.push_back(make_predict_verb());
  verbs.push_back(make_validate_verb());
  verbs.push_back(make_eval_verb());
  verbs.push_back(make_generate_verb());
  verbs.push_back(make_inspect_verb());
  verbs.push_back(make_bench_verb());
  return run_app(argc, argv, {"stream", "Learning from endless labelled streams, row by row"},
                 std::move(verbs));
}
