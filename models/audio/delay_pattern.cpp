#include "models/audio/delay_pattern.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "framework/base/error.h"

namespace conclave {
namespace {

constexpr int64_t kOpen = -1;  // to be predicted

// Each channel moved by so many steps to the right; `front` fills up.
Tensor shifted(const Tensor& x_BTC, const std::vector<int64_t>& by, int64_t front) {
  require(x_BTC.dim() == 3 && x_BTC.size(2) == static_cast<int64_t>(by.size()), "[delay] expected [B,T,{}]",
          by.size());
  Tensor y = at::full_like(x_BTC, front);
  const int64_t steps = x_BTC.size(1);
  for (int64_t c = 0; c < x_BTC.size(2); ++c) {
    const int64_t late = std::min(by[static_cast<size_t>(c)], steps);
    y.select(2, c).narrow(1, late, steps - late).copy_(x_BTC.select(2, c).narrow(1, 0, steps - late));
  }
  return y;
}

}  // namespace

int64_t DelayPattern::longest() const {
  return delay.empty() ? 0 : *std::max_element(delay.begin(), delay.end());
}

Tensor DelayPattern::apply(const Tensor& frames_BTC) const {
  return shifted(frames_BTC, delay, bos);
}

Tensor DelayPattern::revert(const Tensor& steps_BTC, int64_t length) const {
  const int64_t steps = steps_BTC.size(1);
  Tensor frames = at::empty_like(steps_BTC);
  for (int64_t c = 0; c < channels(); ++c) {
    const Tensor from = (at::arange(steps, at::kLong) + delay[static_cast<size_t>(c)])
                            .clamp_max(std::max<int64_t>(steps - 1, 0));
    const Tensor column = steps_BTC.select(2, c).index_select(1, from);
    frames.select(2, c).copy_(at::where(from >= length, pad, column));
  }
  return frames;
}

Tensor DelayPattern::whole(const Tensor& frames_TC) const {
  const int64_t frames = frames_TC.size(0), steps = frames + longest() + 1;
  Tensor made = at::full({steps, channels()}, pad, at::kLong);
  for (int64_t c = 0; c < channels(); ++c) {
    const int64_t start = delay[static_cast<size_t>(c)] + 1;
    Tensor column = made.select(1, c);
    column.narrow(0, 0, start).fill_(bos);
    column.narrow(0, start, frames).copy_(frames_TC.select(1, c));
    if (start + frames < steps) column[start + frames].fill_(eos);
  }
  return made;
}

Tensor DelayPattern::prefill(const std::vector<Tensor>& prompts) const {
  int64_t frames = 0;
  for (const auto& prompt : prompts)
    if (prompt.defined()) frames = std::max(frames, prompt.size(0));
  const auto rows = static_cast<int64_t>(prompts.size());
  Tensor open = at::full({rows, frames + longest() + 1, channels()}, kOpen, at::kLong);
  open.select(1, 0).fill_(bos);
  for (int64_t row = 0; row < rows; ++row)
    if (const Tensor& prompt = prompts[static_cast<size_t>(row)]; prompt.defined())
      open[row].narrow(0, 1, prompt.size(0)).copy_(prompt);
  return shifted(open, delay, bos);
}

}  // namespace conclave
