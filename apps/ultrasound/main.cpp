#include "apps/ultrasound/verbs.h"

#include "apps/common/app.h"

int main(int argc, char** argv) {
  using namespace conclave;
  Verbs verbs;
  verbs.push_back(make_ultrasound_report_verb());
  verbs.push_back(make_ultrasound_edit_verb());
  verbs.push_back(make_ultrasound_sign_verb());
  verbs.push_back(make_ultrasound_verify_verb());
  verbs.push_back(make_ultrasound_adjudicate_verb());
  verbs.push_back(make_ultrasound_export_verb());
  verbs.push_back(make_ultrasound_serve_folder_verb());
  verbs.push_back(make_ultrasound_measure_verb());
  verbs.push_back(make_ultrasound_deidentify_verb());
  verbs.push_back(make_ultrasound_inspect_verb());
  verbs.push_back(make_ultrasound_train_verb());
  verbs.push_back(make_ultrasound_eval_verb());
  verbs.push_back(make_ultrasound_bench_verb());
  return run_app(
      argc, argv,
      {"ultrasound", "From an ultrasound study to a draft report. Research use only, not for clinical use"},
      std::move(verbs));
}
