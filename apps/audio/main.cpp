// conclave-audio: speech and music from one mixture-of-experts design.
#include "apps/audio/verbs.h"
#include "apps/common/app.h"

int main(int argc, char** argv) {
  using namespace conclave;
  Verbs verbs;
  verbs.push_back(make_speak_verb());
  verbs.push_back(make_music_verb());
  verbs.push_back(make_continue_verb());
  verbs.push_back(make_encode_verb());
  verbs.push_back(make_decode_verb());
  verbs.push_back(make_train_verb());
  verbs.push_back(make_eval_verb());
  verbs.push_back(make_inspect_verb());
  verbs.push_back(make_bench_verb());
  return run_app(argc, argv, {"audio", "Speech and music from text and notes"}, std::move(verbs));
}
