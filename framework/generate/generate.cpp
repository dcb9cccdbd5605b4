#include "framework/generate/generate.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <cmath>

#include "framework/base/error.h"

namespace conclave {
namespace {

double log_sum_exp(std::span<const float> logits) {
  const double top = *std::max_element(logits.begin(), logits.end());
  double sum = 0;
  for (const float x : logits) sum += std::exp(x - top);
  return top + std::log(sum);
}

// Decodes one row: what it has produced, and its own random numbers.
struct Sequence {
  int64_t row;
  Random random;
  std::vector<int64_t> seen;  // prompt and result
  Generated result;
  bool done = false;

  int64_t next(std::vector<float> logits, const GenerateOptions& options) {
    const double norm = log_sum_exp(logits);
    std::vector<float> changed = logits;
    penalise(changed, seen, options.sampling.repetition_penalty);
    if (options.edit) options.edit(row, result.tokens, changed);
    const int64_t token = draw(choices(changed, options.sampling), random);
    take(token, logits[static_cast<size_t>(token)] - norm, options);
    return token;
  }
  void take(int64_t token, double log_prob, const GenerateOptions& options) {
    result.log_prob += log_prob;
    if (std::find(options.stop.begin(), options.stop.end(), token) != options.stop.end()) {
      result.end = Generated::End::stop;
      done = true;
      return;
    }
    result.tokens.push_back(token);
    result.log_probs.push_back(log_prob);
    seen.push_back(token);
    if (options.on_token && !options.on_token(row, token, log_prob)) {
      result.end = Generated::End::caller;
      done = true;
    }
    done = done || static_cast<int64_t>(result.tokens.size()) >= options.max_tokens;
  }
};

std::vector<Sequence> start(const Prompt& prompt, const GenerateOptions& options) {
  options.sampling.check();
  require<UsageError>(options.max_tokens >= 0, "max_tokens = {}: must be 0 or more", options.max_tokens);
  const int64_t rows = prompt.rows();
  require<UsageError>(options.streams.empty() || static_cast<int64_t>(options.streams.size()) == rows,
                      "[generate] {} random streams for {} sequences", options.streams.size(), rows);
  std::vector<Sequence> sequences;
  for (int64_t row = 0; row < rows; ++row) {
    const auto i = static_cast<size_t>(row);
    const uint64_t stream = options.streams.empty() ? i : options.streams[i];
    sequences.push_back({row,
                         Random(options.seed, fmt::format("generate {}", stream)),
                         i < prompt.tokens.size() ? prompt.tokens[i] : std::vector<int64_t>{},
                         {}});
  }
  return sequences;
}

}  // namespace

std::vector<Generated> generate(LanguageModel& model, const Prompt& prompt, const GenerateOptions& options) {
  at::NoGradGuard no_grad;
  auto sequences = start(prompt, options);
  if (options.max_tokens == 0) {
    for (auto& s : sequences) s.done = true;
  }
  DecodeState state = prompt.state;
  Tensor logits = prompt.logits_NV;
  std::vector<int64_t> rows(sequences.size());  // the sequences that are still in the batch
  for (size_t i = 0; i < rows.size(); ++i) rows[i] = static_cast<int64_t>(i);

  const auto sequence = [&](int64_t row) -> Sequence& { return sequences[static_cast<size_t>(row)]; };
  const auto device = logits.device();
  while (std::any_of(rows.begin(), rows.end(), [&](int64_t r) { return !sequence(r).done; })) {
    const Tensor host = logits.to(at::kCPU, at::kFloat).contiguous();
    const int64_t vocabulary = host.size(1);
    const float* data = host.const_data_ptr<float>();
    std::vector<int64_t> ids(rows.size(), 0), live;
    for (size_t i = 0; i < rows.size(); ++i) {
      if (sequence(rows[i]).done) continue;
      const float* from = data + static_cast<int64_t>(i) * vocabulary;
      ids[i] = sequence(rows[i]).next({from, from + vocabulary}, options);
      if (!sequence(rows[i]).done) live.push_back(static_cast<int64_t>(i));
    }
    if (live.empty()) break;
    // Rows that are done leave the batch when half of it is idle: leaving copies what the others share.
    if (2 * live.size() <= rows.size()) {
      state = state.select(at::tensor(live, at::kLong));
      for (size_t i = 0; i < live.size(); ++i) {
        rows[i] = rows[static_cast<size_t>(live[i])];
        ids[i] = ids[static_cast<size_t>(live[i])];
      }
      rows.resize(live.size());
      ids.resize(live.size());
    }
    const Tensor next = at::tensor(ids, at::kLong).unsqueeze(1).to(device);
    logits = model.logits(model.step(next, Tensor(), state)).squeeze(1);
  }
  std::vector<Generated> results;
  for (auto& s : sequences) results.push_back(std::move(s.result));
  return results;
}

}  // namespace conclave
