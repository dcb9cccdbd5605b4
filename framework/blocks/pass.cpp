#include "framework/blocks/pass.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "framework/base/error.h"

namespace conclave {

Tensor pass_positions(const PassInput& input, int64_t rows, int64_t tokens, const DecodeState* past,
                      at::Device device) {
  if (input.position.defined()) return input.position;
  Tensor place;
  if (input.valid_NL.defined()) {
    place = (input.valid_NL.to(at::kLong).cumsum(1) - 1).clamp_min(0);
  } else {
    place = at::arange(tokens, at::dtype(at::kLong).device(device)).unsqueeze(0);
  }
  if (past && past->rows() > 0) place = place + past->seen_N.unsqueeze(1);
  return place.expand({rows, tokens});
}

Visibility pass_visibility(const PassInput& input, int64_t rows, int64_t tokens, const DecodeState* past,
                           at::Device device) {
  if (input.valid_NL.defined()) {
    require(input.valid_NL.dim() == 2 && input.valid_NL.size(0) == rows && input.valid_NL.size(1) == tokens,
            "[pass] valid is not [{},{}]", rows, tokens);
  }
  bool padded = input.valid_NL.defined();
  const int64_t before = past ? past->length() : 0;
  const bool cut = input.causal && input.window > 0 && before + tokens > input.window;
  if (past) {
    for (const auto& segment : past->segments) padded = padded || segment.valid_RL.defined();
  }
  const bool ordered = input.causal && tokens > 1;
  if (!padded && !ordered && !cut) return {};
  if (!padded && !cut && before == 0 && input.prefix <= 1) return {.causal = true};

  const auto options = at::dtype(at::kBool).device(device);
  Tensor blind;
  std::vector<Tensor> columns;  // each [1 or N, 1, 1 or Lq, length of the piece]
  if (past) {
    for (const auto& segment : past->segments) {
      if (segment.length == 0) continue;
      if (segment.valid_RL.defined()) {
        const int64_t share = rows / std::max<int64_t>(segment.valid_RL.size(0), 1);
        columns.push_back(segment.valid_RL.repeat_interleave(share, 0).view({rows, 1, 1, segment.length}));
      } else {
        columns.push_back(at::ones({1, 1, 1, segment.length}, options));
      }
    }
  }
  Tensor own = at::ones({tokens, tokens}, options);
  if (ordered) {
    own = own.tril();
    if (input.prefix > 1) {
      const int64_t prefix = std::min(input.prefix, tokens);
      own.narrow(0, 0, prefix).narrow(1, 0, prefix).fill_(true);
    }
  }
  own = own.view({1, 1, tokens, tokens});
  if (input.valid_NL.defined()) {
    own = own.logical_and(input.valid_NL.to(at::kBool).view({rows, 1, 1, tokens}));
    blind = own.any(-1, true).logical_not();
    own = own.logical_or(blind);
  }
  columns.push_back(own);
  const int64_t n = padded ? rows : 1;
  for (auto& c : columns) c = c.expand({n, 1, tokens, c.size(3)});
  Tensor allowed = columns.size() == 1 ? columns[0] : at::cat(columns, -1);
  if (cut) {
    const auto place = at::dtype(at::kLong).device(device);
    const Tensor query = at::arange(before, before + tokens, place).unsqueeze(1);
    allowed = allowed.logical_and(at::arange(before + tokens, place) > query - input.window);
  }
  return {.allowed = allowed, .causal = false, .blind = blind, .how = input.blind};
}

}  // namespace conclave
