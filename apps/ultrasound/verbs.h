/// The verbs of conclave-ultrasound, one file each.
#pragma once

#include "apps/common/verb.h"

namespace conclave {

std::unique_ptr<Verb> make_ultrasound_inspect_verb();
std::unique_ptr<Verb> make_ultrasound_measure_verb();

}  // namespace conclave
