/// The verbs of conclave-ultrasound, one file each.
#pragma once

#include "apps/common/verb.h"

namespace conclave {

std::unique_ptr<Verb> make_ultrasound_report_verb();
std::unique_ptr<Verb> make_ultrasound_edit_verb();
std::unique_ptr<Verb> make_ultrasound_sign_verb();
std::unique_ptr<Verb> make_ultrasound_verify_verb();
std::unique_ptr<Verb> make_ultrasound_adjudicate_verb();
std::unique_ptr<Verb> make_ultrasound_export_verb();
std::unique_ptr<Verb> make_ultrasound_serve_folder_verb();
std::unique_ptr<Verb> make_ultrasound_frames_verb();
std::unique_ptr<Verb> make_ultrasound_measure_verb();
std::unique_ptr<Verb> make_ultrasound_deidentify_verb();
std::unique_ptr<Verb> make_ultrasound_inspect_verb();
std::unique_ptr<Verb> make_ultrasound_train_verb();
std::unique_ptr<Verb> make_ultrasound_calibrate_verb();
std::unique_ptr<Verb> make_ultrasound_eval_verb();
std::unique_ptr<Verb> make_ultrasound_bench_verb();

}  // namespace conclave
