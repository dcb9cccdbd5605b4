/// The verbs of conclave-stream, one file each.
#pragma once

#include "apps/common/verb.h"

namespace conclave {

std::unique_ptr<Verb> make_generate_verb();
std::unique_ptr<Verb> make_run_verb();
std::unique_ptr<Verb> make_predict_verb();
std::unique_ptr<Verb> make_snapshot_verb();
std::unique_ptr<Verb> make_validate_verb();
std::unique_ptr<Verb> make_inspect_verb();
std::unique_ptr<Verb> make_resume_verb();
std::unique_ptr<Verb> make_eval_verb();
std::unique_ptr<Verb> make_bench_verb();

}  // namespace conclave
