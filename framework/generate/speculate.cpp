#include "framework/generate/speculate.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>

#include "framework/base/error.h"
#include "framework/generate/rewind.h"

namespace conclave {
namespace {

Tensor read_ids(LanguageModel& model, const std::vector<int64_t>& ids, DecodeState& state) {
  const Tensor ids_1L = at::tensor(ids, at::kLong).unsqueeze(0);
  return model.logits(model.step(ids_1L, Tensor(), state))[0].to(at::kFloat).contiguous();  // [L,V]
}

struct Writer {
  const GenerateOptions& options;
  Generated made = {};
  bool done = false;

  // The best token of one row of logits becomes the next.
  int64_t take(const Tensor& logits_V) {
    const Tensor own = logits_V.clone();
    const std::span<float> values(own.mutable_data_ptr<float>(), static_cast<size_t>(own.numel()));
    if (options.edit) options.edit(0, made.tokens, values);
    const auto token = static_cast<int64_t>(std::max_element(values.begin(), values.end()) - values.begin());
    const double log_prob = at::log_softmax(logits_V.to(at::kDouble), 0)[token].item<double>();
    made.log_prob += log_prob;
    if (std::find(options.stop.begin(), options.stop.end(), token) != options.stop.end()) {
      made.end = Generated::End::stop;
      done = true;
      return token;
    }
    made.tokens.push_back(token);
    made.log_probs.push_back(log_prob);
    if (options.on_token && !options.on_token(0, token, log_prob)) {
      made.end = Generated::End::caller;
      done = true;
    }
    done = done || left() <= 0;
    return token;
  }
  int64_t left() const { return options.max_tokens - static_cast<int64_t>(made.tokens.size()); }
};

}  // namespace

Speculated speculate(LanguageModel& model, const Prompt& prompt, Draft draft,
                     const GenerateOptions& options) {
  require<UsageError>(prompt.rows() == 1, "speculative decoding of {} rows: one is what is done",
                      prompt.rows());
  require<UsageError>(options.sampling.temperature == 0 && options.sampling.repetition_penalty == 1,
                      "speculative decoding takes the most probable token: no temperature, no penalty");
  require<UsageError>(draft.ahead >= 1, "{} tokens proposed at a time: at least 1", draft.ahead);
  require<UsageError>(can_rewind(prompt.state) && can_rewind(draft.state),
                      "speculative decoding takes proposals back; a model with recurrent layers cannot");
  const at::NoGradGuard no_grad;
  DecodeState state = prompt.state;
  Writer writer{options};
  Speculated result;
  if (options.max_tokens <= 0) return result;
  int64_t last = writer.take(prompt.logits_NV[0].to(at::kFloat).contiguous());
  while (!writer.done) {
    const int64_t ahead = std::min(draft.ahead, writer.left() - 1);
    const int64_t read = state.length(), drafted = draft.state.length();
    std::vector<int64_t> ids = {last};  // the last token, then the proposals
    for (int64_t i = 0; i < ahead; ++i)
      ids.push_back(read_ids(draft.model, {ids.back()}, draft.state)[0].argmax().item<int64_t>());
    const Tensor logits_LV = read_ids(model, ids, state);
    int64_t taken = 0;
    do {
      last = writer.take(logits_LV[taken++]);
    } while (!writer.done && taken <= ahead && last == ids[static_cast<size_t>(taken)]);
    result.proposed += ahead;
    result.accepted += taken - 1;
    if (writer.done) break;
    rewind(state, read + taken);
    if (taken <= ahead)
      rewind(draft.state, drafted + taken);
    else
      read_ids(draft.model, {ids.back()}, draft.state);  // the last proposal, which it made and did not read
  }
  result.generated = std::move(writer.made);
  return result;
}

}  // namespace conclave
