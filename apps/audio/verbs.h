/// The verbs of conclave-audio, one file each.
#pragma once

#include "apps/common/verb.h"

namespace conclave {

std::unique_ptr<Verb> make_speak_verb();
std::unique_ptr<Verb> make_music_verb();
std::unique_ptr<Verb> make_continue_verb();
std::unique_ptr<Verb> make_encode_verb();
std::unique_ptr<Verb> make_decode_verb();
std::unique_ptr<Verb> make_train_verb();
std::unique_ptr<Verb> make_eval_verb();
std::unique_ptr<Verb> make_inspect_verb();
std::unique_ptr<Verb> make_bench_verb();

}  // namespace conclave
