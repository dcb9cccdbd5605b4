#include "models/checkpoint/verify.h"

#include "framework/base/error.h"
#include "models/checkpoint/adapters.h"
#include "models/checkpoint/kinds.h"
#include "models/checkpoint/verify_audio_lm.h"
#include "models/checkpoint/verify_codec.h"
#include "models/checkpoint/verify_language.h"
#include "models/checkpoint/verify_seq2seq.h"
#include "models/checkpoint/verify_talker.h"

namespace conclave {

Json VerifyResult::json() const {
  Json line = {{"folder", folder}, {"architecture", architecture}, {"largest_difference", Json::object()}};
  for (const auto& [kind, value] : largest) line["largest_difference"][kind] = value;
  line["experts_equal"] = experts_equal;
  line["tokens_equal"] = tokens_equal;
  if (weights != "float32") {
    line["weights"] = weights;
    line["experts_agreement"] =
        agreement.tokens > 0 ? static_cast<double>(agreement.equal) / static_cast<double>(agreement.tokens)
                             : 1.0;
    line["widest_margin"] = agreement.widest_margin;
    line["margin_bound"] = agreement.bound;
  }
  line["pass"] = pass();
  line["first_difference"] = first_difference.empty() ? Json() : Json(first_difference);
  line["unchecked"] = unchecked;
  return line;
}

namespace {

void verify_opened(Comparison& with, const CheckpointFolder& opened, const std::filesystem::path& folder) {
  const auto kind = opened.config.value("kind", "");
  if (is_codec(opened.config))
    verify_codec(with, opened);
  else if (kind == "audio_lm")
    verify_audio_lm(with, opened);
  else if (kind == "talker")
    verify_talker(with, opened);
  else if (kind == "translator")
    verify_translator(with, opened);
  else if (kind == "musicgen")
    verify_musicgen(with, opened);
  else
    verify_language(with, opened, folder);
}

}  // namespace

VerifyResult verify_checkpoint(const std::filesystem::path& folder, const VerifyBounds& bounds,
                               const std::string& weights) {
  const auto opened = open_checkpoint(is_adapter(folder) ? base_of_adapter(folder) : folder);
  Comparison with(folder, opened.architecture->name, bounds, weights);
  const auto kind = opened.config.value("kind", "");
  require<UsageError>(kind == "causal_lm" || weights == "float32",
                      "{}: only language models are compared with weights of {}", folder.string(), weights);
  verify_opened(with, opened, folder);
  for (const auto& part : opened.architecture->parts)
    if (weights == "float32")
      verify_opened(with, open_checkpoint(opened.path, &architecture_of(part)), folder);
  return with.finish();
}

}  // namespace conclave
