#include "apps/ultrasound/verbs.h"

#include <cstdlib>

#include "apps/common/app.h"
#include "framework/base/child_process.h"

namespace {

// The tarball carries DCMTK's dictionary, which the library would look for where its Debian package puts it.
void find_dictionary() {
  const auto shipped =
      std::filesystem::path(conclave::program_folder()).parent_path() / "share/conclave/dicom/dicom.dic";
  if (std::filesystem::exists(shipped)) setenv("DCMDICTPATH", shipped.c_str(), 0);
}

}  // namespace

int main(int argc, char** argv) {
  using namespace conclave;
  find_dictionary();
  Verbs verbs;
  verbs.push_back(make_ultrasound_report_verb());
  verbs.push_back(make_ultrasound_edit_verb());
  verbs.push_back(make_ultrasound_sign_verb());
  verbs.push_back(make_ultrasound_verify_verb());
  verbs.push_back(make_ultrasound_adjudicate_verb());
  verbs.push_back(make_ultrasound_export_verb());
  verbs.push_back(make_ultrasound_serve_folder_verb());
  verbs.push_back(make_ultrasound_frames_verb());
  verbs.push_back(make_ultrasound_measure_verb());
  verbs.push_back(make_ultrasound_deidentify_verb());
  verbs.push_back(make_ultrasound_inspect_verb());
  verbs.push_back(make_ultrasound_train_verb());
  verbs.push_back(make_ultrasound_calibrate_verb());
  verbs.push_back(make_ultrasound_eval_verb());
  verbs.push_back(make_ultrasound_bench_verb());
  return run_app(
      argc, argv,
      {"ultrasound", "From an ultrasound study to a draft report. Research use only, not for clinical use"},
      std::move(verbs));
}
