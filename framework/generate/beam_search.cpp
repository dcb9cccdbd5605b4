#include "framework/generate/beam_search.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <cmath>
#include <tuple>

#include "framework/base/error.h"

namespace conclave {
namespace {

struct Step {
  double log_prob;
  int64_t beam, token;
};

// The beams of one prompt.
class Search {
 public:
  Search(const BeamOptions& options) : options_(options), open_(1) {}

  const std::vector<Beam>& open() const { return open_; }
  bool done() const {
    if (open_.empty()) return true;
    if (static_cast<int64_t>(finished_.size()) < options_.beams) return false;
    // Log-probabilities only fall, and a greater length only flatters: this is the best that can still come.
    return score(open_.front().log_prob, options_.max_tokens + 1) <= finished_.back().score;
  }
  // log_prob_BV: next tokens of the open beams, in their order. Gives each new beam's parent.
  std::vector<int64_t> extend(const Tensor& log_prob_BV) {
    auto steps = best_steps(log_prob_BV);
    std::vector<Beam> next;
    std::vector<int64_t> parents;
    for (const auto& step : steps) {
      if (static_cast<int64_t>(next.size()) == options_.beams) break;
      Beam beam = open_[static_cast<size_t>(step.beam)];
      beam.log_prob = step.log_prob;
      beam.stopped = std::find(options_.stop.begin(), options_.stop.end(), step.token) != options_.stop.end();
      if (!beam.stopped) beam.tokens.push_back(step.token);
      if (beam.stopped || static_cast<int64_t>(beam.tokens.size()) == options_.max_tokens) {
        finish(std::move(beam));
      } else {
        next.push_back(std::move(beam));
        parents.push_back(step.beam);
      }
    }
    open_ = std::move(next);
    return parents;
  }
  std::vector<Beam> results() const { return finished_; }

 private:
  double score(double log_prob, int64_t length) const {
    return log_prob / std::pow(static_cast<double>(length), options_.length_penalty);
  }
  void finish(Beam beam) {
    beam.score = score(beam.log_prob, static_cast<int64_t>(beam.tokens.size()) + (beam.stopped ? 1 : 0));
    const auto place = std::upper_bound(finished_.begin(), finished_.end(), beam,
                                        [](const Beam& a, const Beam& b) { return a.score > b.score; });
    finished_.insert(place, std::move(beam));
    if (static_cast<int64_t>(finished_.size()) > options_.beams) finished_.pop_back();
  }
  // Enough steps to fill the beams even if every stop token comes first.
  std::vector<Step> best_steps(const Tensor& log_prob_BV) const {
    const int64_t vocabulary = log_prob_BV.size(1);
    const auto wanted = options_.beams + static_cast<int64_t>(options_.stop.size() * open_.size());
    std::vector<Step> steps;
    const double* data = log_prob_BV.const_data_ptr<double>();
    for (size_t b = 0; b < open_.size(); ++b) {
      for (int64_t t = 0; t < vocabulary; ++t) {
        const double p = data[static_cast<int64_t>(b) * vocabulary + t];
        if (std::isfinite(p)) steps.push_back({open_[b].log_prob + p, static_cast<int64_t>(b), t});
      }
    }
    const auto before = [](const Step& a, const Step& b) {
      return std::tie(b.log_prob, a.beam, a.token) < std::tie(a.log_prob, b.beam, b.token);
    };
    const auto kept = std::min(wanted, static_cast<int64_t>(steps.size()));
    std::partial_sort(steps.begin(), steps.begin() + kept, steps.end(), before);
    steps.resize(static_cast<size_t>(kept));
    return steps;
  }

  const BeamOptions& options_;
  std::vector<Beam> open_;      // by falling log-probability
  std::vector<Beam> finished_;  // by falling score, at most `beams`
};

Tensor host_log_prob(const Tensor& logits) {
  return at::log_softmax(logits.to(at::kCPU, at::kDouble), -1).contiguous();
}

}  // namespace

std::vector<std::vector<Beam>> beam_search(LanguageModel& model, const Prompt& prompt,
                                           const BeamOptions& options) {
  at::NoGradGuard no_grad;
  require<UsageError>(options.beams >= 1, "beams = {}: must be at least 1", options.beams);
  require<UsageError>(options.max_tokens >= 1, "max_tokens = {}: must be at least 1", options.max_tokens);
  require<UsageError>(options.length_penalty >= 0, "length_penalty = {}: must be 0 or more",
                      options.length_penalty);
  const int64_t rows = prompt.rows(), beams = options.beams;
  const auto device = prompt.logits_NV.device();
  std::vector<Search> searches(static_cast<size_t>(rows), Search(options));
  if (rows == 0) return {};

  // Each prompt keeps `beams` rows throughout, so that what was read before stays shared; unused rows repeat
  // the first.
  DecodeState state = prompt.state.fork(beams);
  Tensor log_prob = host_log_prob(prompt.logits_NV);
  int64_t per_prompt = 1;
  while (true) {
    bool open = false;
    std::vector<int64_t> ids(static_cast<size_t>(rows * beams), 0), parents(ids.size(), 0);
    for (int64_t r = 0; r < rows; ++r) {
      auto& search = searches[static_cast<size_t>(r)];
      std::vector<int64_t> from;
      if (!search.done()) {
        const auto count = static_cast<int64_t>(search.open().size());
        from = search.extend(log_prob.narrow(0, r * per_prompt, count));
      }
      open = open || !search.done();
      for (int64_t b = 0; b < beams; ++b) {
        const auto place = static_cast<size_t>(r * beams + b);
        const bool used = b < static_cast<int64_t>(from.size());
        parents[place] = r * beams + (used ? from[static_cast<size_t>(b)] : 0);
        if (used) ids[place] = search.open()[static_cast<size_t>(b)].tokens.back();
      }
    }
    if (!open) break;
    state = state.select(at::tensor(parents, at::kLong));
    const Tensor next = at::tensor(ids, at::kLong).unsqueeze(1).to(device);
    log_prob = host_log_prob(model.logits(model.step(next, Tensor(), state)).squeeze(1));
    per_prompt = beams;
  }
  std::vector<std::vector<Beam>> results;
  for (const auto& search : searches) results.push_back(search.results());
  return results;
}

}  // namespace conclave
