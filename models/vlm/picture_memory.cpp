#include "models/vlm/picture_memory.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace conclave {
namespace {

size_t bytes_of(const DecodeState& state) {
  size_t bytes = 0;
  for (const auto& segment : state.segments) {
    for (const auto& [k, v] : segment.layers) {
      if (k.defined()) bytes += k.nbytes() + v.nbytes();
    }
  }
  return bytes;
}

// [R,H,L,C] with zeros up to `length` tokens.
Tensor lengthen(const Tensor& x_RHLC, int64_t length) {
  return x_RHLC.size(2) == length ? x_RHLC : at::constant_pad_nd(x_RHLC, {0, 0, 0, length - x_RHLC.size(2)});
}

}  // namespace

std::shared_ptr<const SeenPictures> PictureMemory::find(const std::string& key) {
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, found->second);
  return found->second->seen;
}

void PictureMemory::keep(const std::string& key, std::shared_ptr<const SeenPictures> seen) {
  const size_t bytes = bytes_of(seen->state);
  if (bytes > limit_ || by_key_.contains(key)) return;
  entries_.push_front({key, std::move(seen), bytes});
  by_key_[key] = entries_.begin();
  for (bytes_ += bytes; bytes_ > limit_; entries_.pop_back()) {
    bytes_ -= entries_.back().bytes;
    by_key_.erase(entries_.back().key);
  }
}

DecodeState one_row(const DecodeState& state, int64_t row, int64_t length) {
  const auto& from = state.segments.back();
  DecodeState one(static_cast<int64_t>(from.layers.size()));
  auto& to = one.segments.back();
  to.length = length;
  for (size_t layer = 0; layer < from.layers.size(); ++layer) {
    const auto part = [&](const Tensor& x_RHLC) {
      return x_RHLC.narrow(0, row, 1).narrow(2, 0, length).clone();
    };
    to.layers[layer] = {part(from.layers[layer].k_RHLC), part(from.layers[layer].v_RHLC)};
  }
  one.seen_N = state.seen_N.narrow(0, row, 1).clone();
  return one;
}

DecodeState stack_rows(const std::vector<const DecodeState*>& states) {
  const auto longest = *std::max_element(
      states.begin(), states.end(), [](const auto* a, const auto* b) { return a->length() < b->length(); });
  const auto& like = longest->segments.back();
  DecodeState stacked(static_cast<int64_t>(like.layers.size()));
  if (like.length == 0) return stacked;
  auto& to = stacked.segments.back();
  to.length = like.length;
  const auto count = static_cast<int64_t>(states.size());
  Tensor length_N = at::empty({count, 1}, at::kLong);
  for (int64_t n = 0; n < count; ++n) length_N[n] = states[static_cast<size_t>(n)]->length();
  if (length_N.lt(like.length).any().item<bool>())
    to.valid_RL = at::arange(like.length).unsqueeze(0).lt(length_N).to(longest->seen_N.device());
  for (size_t layer = 0; layer < like.layers.size(); ++layer) {
    std::vector<Tensor> k, v;
    for (const auto* state : states) {
      const auto& own = state->length() > 0 ? state->segments.back().layers[layer] : like.layers[layer];
      k.push_back(lengthen(own.k_RHLC, like.length));
      v.push_back(lengthen(own.v_RHLC, like.length));
    }
    to.layers[layer] = {at::cat(k), at::cat(v)};
  }
  std::vector<Tensor> seen;
  for (const auto* state : states)
    seen.push_back(state->length() > 0 ? state->seen_N : at::zeros_like(longest->seen_N));
  stacked.seen_N = at::cat(seen);
  return stacked;
}

}  // namespace conclave
