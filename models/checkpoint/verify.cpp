#include "models/checkpoint/verify.h"

#include "models/checkpoint/adapters.h"
#include "models/checkpoint/kinds.h"
#include "models/checkpoint/verify_audio_lm.h"
#include "models/checkpoint/verify_codec.h"
#include "models/checkpoint/verify_language.h"
#include "models/checkpoint/verify_seq2seq.h"

namespace conclave {

Json VerifyResult::json() const {
  Json line = {{"folder", folder}, {"architecture", architecture}, {"largest_difference", Json::object()}};
  for (const auto& [kind, value] : largest) line["largest_difference"][kind] = value;
  line["experts_equal"] = experts_equal;
  line["tokens_equal"] = tokens_equal;
  line["pass"] = pass();
  line["first_difference"] = first_difference.empty() ? Json() : Json(first_difference);
  line["unchecked"] = unchecked;
  return line;
}

VerifyResult verify_checkpoint(const std::filesystem::path& folder, const VerifyBounds& bounds) {
  const auto opened = open_checkpoint(is_adapter(folder) ? base_of_adapter(folder) : folder);
  Comparison with(folder, opened.architecture->name, bounds);
  const auto kind = opened.config.value("kind", "");
  if (is_codec(opened.config))
    verify_codec(with, opened);
  else if (kind == "audio_lm")
    verify_audio_lm(with, opened);
  else if (kind == "translator")
    verify_translator(with, opened);
  else if (kind == "musicgen")
    verify_musicgen(with, opened);
  else
    verify_language(with, opened, folder);
  return with.finish();
}

}  // namespace conclave
