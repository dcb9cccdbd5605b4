#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <limits>

#include "framework/base/error.h"
#include "framework/base/random.h"
#include "models/audio/audio_lm.h"

namespace conclave {
namespace {

constexpr double kNever = -std::numeric_limits<double>::infinity();

// How far one piece is.
struct Piece {
  int64_t prompt = 1;    // steps that were given
  int64_t ended = -1;    // the step at which its first codebook ended; -1: not yet
  int64_t to_come = -1;  // steps until the last codebook has ended
};

class Speaker {
 public:
  Speaker(const AudioLm& model, const AudioGeneration& options, const Tensor& prefill_BTC)
      : model_(model),
        options_(options),
        pattern_(model.pattern),
        steps_BTC_(prefill_BTC.to(at::kLong).clone()),
        random_(options.seed, "generate audio") {
    pieces_.resize(static_cast<size_t>(steps_BTC_.size(0)));
    // The first codebook has no delay: what is given of it is what is given at all.
    for (size_t b = 0; b < pieces_.size(); ++b)
      pieces_[b].prompt = (steps_BTC_[static_cast<int64_t>(b)].select(1, 0) >= 0).sum().item<int64_t>();
  }

  AudioGenerated run(const Inputs& inputs) {
    Prompt prompt = model_.lm->prompt(inputs);
    int64_t step = pieces_.front().prompt;
    for (const auto& piece : pieces_) step = std::min(step, piece.prompt);
    for (--step; step < options_.max_steps && !done(); ++step) {
      const Tensor logits_BCV = guided(prompt.state, steps_BTC_.select(1, step), step >= options_.min_steps);
      Tensor next_BC = choose(logits_BCV);
      for (size_t b = 0; b < pieces_.size(); ++b)
        advance(pieces_[b], next_BC[static_cast<int64_t>(b)], step + 1);
      put(next_BC, step + 1);
    }
    return finish(step + 1);
  }

 private:
  bool done() const {
    return std::all_of(pieces_.begin(), pieces_.end(), [](const Piece& p) { return p.to_come == 0; });
  }

  // One step of all pieces, without and with their condition.
  Tensor guided(DecodeState& state, const Tensor& codes_BC, bool may_end) const {
    TokenContext context;
    context.phase = Phase::decode;
    context.past = &state;
    const Tensor x_N1D = model_.codes->embed(codes_BC.repeat_interleave(2, 0)).unsqueeze(1);
    const Tensor logits_NCV = model_.codec_logits(model_.lm->text->forward(x_N1D, {}, context)).select(1, 0);
    const Tensor both = logits_NCV.unflatten(0, {-1, 2});
    const Tensor without = both.select(1, 0), with = both.select(1, 1);
    Tensor logits = options_.guidance != 0 ? with + options_.guidance * (with - without) : with.clone();
    const int64_t eos = pattern_.eos, all = logits.size(2);
    logits.narrow(2, eos + 1, all - eos - 1).fill_(kNever);
    if (may_end)
      logits.narrow(1, 1, logits.size(1) - 1).select(2, eos).fill_(kNever);
    else
      logits.select(2, eos).fill_(kNever);
    logits.select(1, 0).select(1, eos).mul_(options_.eos_factor);
    if (options_.guided_logits) options_.guided_logits->push_back(logits.flatten(0, 1).clone());
    return logits;
  }

  Tensor choose(const Tensor& logits_BCV) {
    if (options_.temperature == 0) return logits_BCV.argmax(-1);
    const Tensor p_NV =
        code_probabilities(logits_BCV.flatten(0, 1), options_, pattern_.eos).to(at::kDouble).contiguous();
    std::vector<int64_t> drawn;
    for (int64_t n = 0; n < p_NV.size(0); ++n) {
      const double* p = p_NV.const_data_ptr<double>() + n * p_NV.size(1);
      double rest = random_.uniform();
      int64_t code = 0, last = 0;
      for (; code < p_NV.size(1); ++code) {
        if (p[code] <= 0) continue;
        last = code;
        rest -= p[code];
        if (rest < 0) break;
      }
      drawn.push_back(last);
    }
    return at::tensor(drawn, at::kLong).view({logits_BCV.size(0), logits_BCV.size(1)});
  }

  // Ends a piece codebook by codebook.
  void advance(Piece& piece, Tensor next_C, int64_t step) const {
    const bool says_end = piece.ended < 0 && next_C[0].item<int64_t>() == pattern_.eos;
    if (piece.to_come < 0 && (says_end || step >= options_.max_steps - pattern_.longest())) {
      piece.ended = step;
      piece.to_come = pattern_.longest();
    }
    if (piece.to_come <= 0) return;
    const int64_t since = pattern_.longest() - piece.to_come;
    for (int64_t c = 0; c < pattern_.channels(); ++c) {
      const int64_t late = pattern_.delay[static_cast<size_t>(c)];
      if (since >= late) next_C[c].fill_(since == late ? pattern_.eos : pattern_.pad);
    }
    --piece.to_come;
  }

  // What was given comes before what was predicted.
  void put(const Tensor& next_BC, int64_t step) {
    if (step >= steps_BTC_.size(1)) {
      steps_BTC_ = at::cat({steps_BTC_, next_BC.unsqueeze(1)}, 1);
      return;
    }
    Tensor at_step = steps_BTC_.select(1, step);
    at_step.copy_(at::where(at_step < 0, next_BC, at_step));
  }

  AudioGenerated finish(int64_t last_step) {
    AudioGenerated made;
    int64_t longest = 0;
    for (auto& piece : pieces_) {
      if (piece.ended < 0) piece.ended = last_step - pattern_.longest();
      made.lengths.push_back(std::max<int64_t>(piece.ended - piece.prompt, 0));
      longest = std::max(longest, made.lengths.back());
    }
    made.steps_BTC = at::full({steps_BTC_.size(0), longest + pattern_.longest(), pattern_.channels()},
                              pattern_.pad, at::kLong);
    for (size_t b = 0; b < pieces_.size(); ++b) {
      const auto row = static_cast<int64_t>(b);
      const int64_t count =
          std::min(made.lengths[b] + pattern_.longest(), steps_BTC_.size(1) - pieces_[b].prompt);
      made.steps_BTC[row].narrow(0, 0, count).copy_(steps_BTC_[row].narrow(0, pieces_[b].prompt, count));
    }
    const Tensor frames = pattern_.revert(made.steps_BTC, made.steps_BTC.size(1));
    for (size_t b = 0; b < pieces_.size(); ++b)
      made.codes.push_back(frames[static_cast<int64_t>(b)].narrow(0, 0, made.lengths[b]));
    return made;
  }

  const AudioLm& model_;
  const AudioGeneration& options_;
  const DelayPattern& pattern_;
  Tensor steps_BTC_;
  Random random_;
  std::vector<Piece> pieces_;
};

}  // namespace

Tensor code_probabilities(const Tensor& logits_NV, const AudioGeneration& options, int64_t eos) {
  Tensor logits = logits_NV / (options.temperature > 0 ? options.temperature : 1.0);
  const Tensor not_best_N = logits.argmax(-1) != eos;
  logits.select(1, eos).masked_fill_(not_best_N, kNever);
  if (options.top_k > 0 && options.top_k < logits.size(1)) {
    const auto [value, index] = logits.topk(options.top_k, -1);
    logits = at::full_like(logits, kNever).scatter(-1, index, value);
  }
  if (options.top_p < 1) {
    const auto [p, index] = logits.softmax(-1).sort(-1, /*descending=*/true);
    const Tensor before = p.cumsum(-1) - p;  // the first one over the bound stays
    logits = logits.masked_fill(at::zeros_like(logits, at::kBool).scatter(-1, index, before > options.top_p),
                                kNever);
  }
  return logits.softmax(-1);
}

AudioGenerated generate_audio(const AudioLm& model, const Inputs& inputs, const Tensor& prefill_BTC,
                              const AudioGeneration& options) {
  const at::NoGradGuard no_grad;
  const auto& pattern = model.pattern;
  require(prefill_BTC.dim() == 3 && prefill_BTC.size(0) > 0 && prefill_BTC.size(2) == pattern.channels() &&
              inputs.ids_NL.size(0) == 2 * prefill_BTC.size(0),
          "[audio] needs a pair of prompts for each of [B,T,{}] prefilled pieces", pattern.channels());
  require<UsageError>(
      options.max_steps >= 1 && options.temperature >= 0 && options.top_p > 0 && options.top_k >= 0,
      "[audio] max_steps must be at least 1, temperature and top_k not negative, top_p above 0");
  return Speaker(model, options, prefill_BTC).run(inputs);
}

}  // namespace conclave
