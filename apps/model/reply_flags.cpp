#include "apps/model/reply_flags.h"

#include <fmt/format.h>
#include <unistd.h>

#include "framework/base/error.h"
#include "framework/base/file.h"
#include "framework/base/signals.h"
#include "framework/tensor/device.h"
#include "framework/text/utf8.h"
#include "models/checkpoint/pack.h"

namespace conclave {
std::string harmless(std::string_view text) {
  std::string shown(text);
  for (char& c : shown)
    if ((static_cast<unsigned char>(c) < 32 && c != '\n' && c != '\t') || c == 127) c = '?';
  return shown;
}

void ReplyFlags::declare(Options& options) {
  auto& sampling = options_.sampling;
  options.positional("FOLDER", folder_, "A model folder as published, with its tokenizer").required();
  options.add("weights", weights_, "Keep matrices and experts in blocks of so many bits; otherwise --dtype")
      .choices({"int8", "int4"});
  options
      .add(
          "draft", draft_,
          "Folder of a smaller model with the same tokens, which proposes some that this one checks at once: "
          "the same reply, sooner; without sampling alone")
      .existing();
  options.add("draft-tokens", ahead_, "Tokens that the draft proposes at a time").range(1, 64);
  options.add("no-cache", no_cache_, "Look at a picture again for every question about it");
  options.add("max-tokens", options_.max_tokens, "Tokens that a reply may have").at_least(1).group("Reply");
  options.add("stop", options_.stop, "A text that ends the reply; repeat for more").group("Reply");
  options.add("schema", schema_, "JSON Schema that replies keep to (docs/checkpoints.md: what is read of it)")
      .existing()
      .group("Reply");
  options.add("temperature", sampling.temperature, "0 takes the most probable token")
      .at_least(0)
      .group("Sampling");
  options.add("top-k", sampling.top_k, "Draw from so many tokens; 0: from all").at_least(0).group("Sampling");
  options.add("top-p", sampling.top_p, "Draw from the most probable tokens that hold this mass")
      .range(0, 1)
      .group("Sampling");
  options.add("min-p", sampling.min_p, "Least share of the largest probability")
      .range(0, 1)
      .group("Sampling");
  options.add("repetition-penalty", sampling.repetition_penalty, "Above 1: tokens that were there count less")
      .at_least(0)
      .group("Sampling");
}

std::optional<at::ScalarType> published_dtype(const CommonOptions& common) {
  require<UsageError>(common.device == "auto" || common.device == "cpu",
                      "--device {}: published models run on the CPU (allowed: auto, cpu)", common.device);
  std::optional<at::ScalarType> dtype;
  if (common.dtype == "float32") dtype = at::kFloat;
  if (common.dtype == "bfloat16") dtype = at::kBFloat16;
  require<UsageError>(dtype || common.dtype == "auto", "--dtype {}: allowed are auto, float32, bfloat16",
                      common.dtype);
  return dtype;
}

Speaker ReplyFlags::load(Invocation& call) const {
  const auto& common = call.common();
  options_.sampling.check();
  const auto dtype = published_dtype(common);
  set_threads(common.thread_count());
  call.history().param("model_folder", std::filesystem::absolute(folder_).string());
  require<UsageError>(
      draft_.empty() || (options_.sampling.temperature == 0 && options_.sampling.repetition_penalty == 1),
      "--draft: a draft is checked against the most probable token; leave out --temperature and "
      "--repetition-penalty");
  Speaker speaker = Speaker::load(folder_, dtype, packing_named(weights_));
  if (no_cache_) speaker.keep_pictures(0);
  if (!draft_.empty()) speaker.set_draft(Speaker::load(draft_, dtype), ahead_);
  return speaker;
}

std::string ReplyFlags::model_name() const {
  return std::filesystem::weakly_canonical(folder_).filename().string();
}

ReplyOptions ReplyFlags::options(const Invocation& call) const {
  ReplyOptions options = options_;
  options.seed = call.common().seed;
  if (!schema_.empty()) options.schema = std::make_shared<JsonSchema>(read_json(schema_));
  options.on_text = [json = call.json(), terminal = isatty(STDOUT_FILENO) != 0](std::string_view text) {
    if (!json) {
      fmt::print("{}", terminal ? harmless(text) : std::string(text));
      std::fflush(stdout);
    }
    return !interrupted();
  };
  return options;
}

Json reply_record(const Reply& reply, const Tokenizer& tokenizer, bool pictures) {
  Json tokens = Json::array();
  for (size_t i = 0; i < reply.tokens.size(); ++i)
    tokens.push_back({{"id", reply.tokens[i]},
                      {"text", replace_broken_utf8(tokenizer.bytes(reply.tokens[i]))},
                      {"log_prob", reply.log_probs[i]}});
  Json record = {{"text", reply.text},
                 {"tokens", std::move(tokens)},
                 {"log_prob", reply.log_prob},
                 {"end", name_of(reply.end)},
                 {"prompt_tokens", reply.prompt_tokens},
                 {"read_tokens", reply.read_tokens}};
  if (pictures) record["seen_pictures"] = reply.seen_pictures;
  if (reply.proposed > 0) {
    record["proposed_tokens"] = reply.proposed;
    record["accepted_tokens"] = reply.accepted;
  }
  return record;
}

}  // namespace conclave
