#include "models/checkpoint/kinds.h"

#include "framework/base/config_object.h"
#include "models/audio/audio_lm.h"
#include "models/audio/codec.h"
#include "models/audio/musicgen.h"
#include "models/audio/talker.h"
#include "models/multimodal/multimodal.h"
#include "models/seq2seq/translator.h"

namespace conclave {

bool is_codec(const Json& config) {
  const auto kind = config.value("kind", "");
  return kind == "dac" || kind == "encodec" || kind == "mimi";
}

Ptr<Module> make_kind(const Json& config) {
  if (is_codec(config)) return make_codec(config);
  const auto kind = ConfigObject(config, "model")
                        .one_of("kind", {"causal_lm", "audio_lm", "talker", "translator", "musicgen", "dac",
                                         "encodec", "mimi"});
  if (kind == "audio_lm") return make_audio_lm(config);
  if (kind == "talker") return make_talker(config);
  if (kind == "translator") return make_translator(config);
  if (kind == "musicgen") return make_musicgen(config);
  return make_multimodal(config);
}

}  // namespace conclave
