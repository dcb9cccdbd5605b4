#include "framework/blocks/decode_state.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <numeric>

#include "framework/base/error.h"

namespace conclave {
namespace {

Tensor first(const Tensor& x_RHLC, int64_t length) {
  if (!x_RHLC.defined()) return x_RHLC;
  return x_RHLC.size(2) == length ? x_RHLC : x_RHLC.narrow(2, 0, length);
}

// Whether nobody else can see what is written here.
bool owned(const Tensor& x) {
  return x.use_count() == 1 && x.storage().use_count() == 1;
}

// `held` with `fresh` behind its first `length` tokens: written in place when nothing records gradients.
void grow(Tensor& held, int64_t length, const Tensor& fresh) {
  if (!held.defined() || length == 0) {
    held = fresh;
    return;
  }
  const int64_t total = length + fresh.size(2);
  if (at::GradMode::is_enabled() && (held.requires_grad() || fresh.requires_grad())) {
    held = at::cat({first(held, length), fresh}, 2);
    return;
  }
  if (held.size(2) < total || !owned(held) || held.is_inference() != fresh.is_inference()) {
    auto sizes = held.sizes().vec();
    sizes[2] = std::max<int64_t>(2 * total, 32);
    Tensor wider = at::empty(sizes, held.options());
    wider.narrow(2, 0, length).copy_(first(held, length));
    held = wider;
  }
  held.narrow(2, length, fresh.size(2)).copy_(fresh);
}

// Row indices of a segment of R rows for new rows that come from `from` of N. Empty when the rows can stay
// shared as they are.
std::vector<int64_t> rows_to_take(const std::vector<int64_t>& from, int64_t rows, int64_t total) {
  const int64_t share = total / std::max<int64_t>(rows, 1), count = static_cast<int64_t>(from.size());
  std::vector<int64_t> index(from.size());
  bool same = count > 0 && count % rows == 0;
  for (int64_t i = 0; i < count; ++i) {
    const auto place = static_cast<size_t>(i);
    index[place] = from[place] / share;
    same = same && index[place] == i / (count / rows);
  }
  return same ? std::vector<int64_t>{} : index;
}

// Rows of a segment; recurrent layers have none of their own there. 0: nothing in it goes by rows.
int64_t rows_of(const DecodeState::Segment& segment) {
  for (const auto& layer : segment.layers)
    if (layer.k_RHLC.defined()) return layer.k_RHLC.size(0);
  return segment.valid_RL.defined() ? segment.valid_RL.size(0) : 0;
}

Tensor taken(const Tensor& x_RHLC, int64_t length, const Tensor& rows) {
  return x_RHLC.defined() ? first(x_RHLC, length).index_select(0, rows) : x_RHLC;
}

}  // namespace

DecodeState::DecodeState(int64_t layers) : segments(1) {
  segments[0].layers.resize(static_cast<size_t>(layers));
}

int64_t DecodeState::length() const {
  return std::accumulate(segments.begin(), segments.end(), int64_t{0},
                         [](int64_t sum, const Segment& s) { return sum + s.length; });
}

DecodeState DecodeState::fork(int64_t copies) const {
  require(copies >= 1, "[decode state] cannot fork into {} copies", copies);
  require(rows() > 0, "[decode state] nothing was read before the fork");
  DecodeState state = *this;
  if (copies == 1) return state;
  state.seen_N = seen_N.repeat_interleave(copies);
  if (adapter_N.defined()) state.adapter_N = adapter_N.repeat_interleave(copies);
  for (auto& [window, memory] : state.recurrent) {
    if (!window.defined()) continue;
    window = window.repeat_interleave(copies, 0);
    memory = memory.repeat_interleave(copies, 0);
  }
  auto& last = state.segments.back();
  if (last.length == 0) return state;
  for (auto& [k, v] : last.layers) {
    k = first(k, last.length);
    v = first(v, last.length);
  }
  const size_t layers = last.layers.size();
  state.segments.emplace_back().layers.resize(layers);
  return state;
}

DecodeState DecodeState::select(const Tensor& rows) const {
  const Tensor host = rows.to(at::kCPU, at::kLong).contiguous();
  const std::vector<int64_t> from(host.data_ptr<int64_t>(), host.data_ptr<int64_t>() + host.numel());
  const int64_t total = this->rows();
  for (const int64_t row : from) {
    require(row >= 0 && row < total, "[decode state] row {} of {}", row, total);
  }
  DecodeState state = *this;
  state.seen_N = seen_N.index_select(0, host.to(seen_N.device()));
  if (adapter_N.defined()) state.adapter_N = adapter_N.index_select(0, host.to(adapter_N.device()));
  for (auto& [window, memory] : state.recurrent) {
    if (!window.defined()) continue;
    const Tensor take = host.to(window.device());
    window = window.index_select(0, take);
    memory = memory.index_select(0, take);
  }
  for (auto& segment : state.segments) {
    if (segment.length == 0) continue;
    const int64_t held = rows_of(segment);
    if (held == 0) continue;
    const auto index = rows_to_take(from, held, total);
    if (index.empty() && !from.empty()) continue;
    const Tensor take = at::tensor(index, at::kLong).to(seen_N.device());
    if (segment.valid_RL.defined()) segment.valid_RL = segment.valid_RL.index_select(0, take);
    for (auto& [k, v] : segment.layers) {
      k = taken(k, segment.length, take);
      v = taken(v, segment.length, take);
    }
  }
  // What stays shared by more rows than it has cannot grow: they go on in a segment of their own.
  auto& last = state.segments.back();
  if (const int64_t held = rows_of(last); last.length > 0 && held > 0 && held < std::ssize(from)) {
    for (auto& [k, v] : last.layers) {  // without the room to grow
      k = first(k, last.length);
      v = first(v, last.length);
    }
    state.segments.emplace_back().layers.resize(segments.back().layers.size());
  }
  return state;
}

std::vector<KeyValue> DecodeState::append(int64_t layer, const Tensor& k, const Tensor& v) {
  const auto at_layer = static_cast<size_t>(layer);
  require(at_layer < segments.back().layers.size(), "[decode state] layer {} of {}", layer,
          segments.back().layers.size());
  auto& last = segments.back();
  auto& own = last.layers[at_layer];
  grow(own.k_RHLC, last.length, k);
  if (v.defined()) grow(own.v_RHLC, last.length, v);
  const auto piece = [](const Tensor& keys, const Tensor& values) {
    return KeyValue{keys, values.defined() ? values : keys};
  };

  std::vector<KeyValue> pieces;
  for (const auto& segment : segments) {
    if (&segment != &last && segment.length > 0) {
      pieces.push_back(piece(segment.layers[at_layer].k_RHLC, segment.layers[at_layer].v_RHLC));
    }
  }
  const int64_t total = last.length + k.size(2);
  pieces.push_back(piece(first(own.k_RHLC, total), first(own.v_RHLC, total)));
  return pieces;
}

DecodeState::Recurrent& DecodeState::recurrent_of(int64_t layer) {
  if (recurrent.empty()) recurrent.resize(segments.back().layers.size());
  const auto at_layer = static_cast<size_t>(layer);
  require(at_layer < recurrent.size(), "[decode state] layer {} of {}", layer, recurrent.size());
  return recurrent[at_layer];
}

void DecodeState::advance(int64_t rows, int64_t tokens, const Tensor& valid_NL, at::Device device) {
  auto& last = segments.back();
  const auto ones = [&](int64_t length) {
    return at::ones({rows, length}, at::dtype(at::kBool).device(device));
  };
  if (valid_NL.defined() || last.valid_RL.defined()) {
    const Tensor before = last.valid_RL.defined() ? last.valid_RL : ones(last.length);
    last.valid_RL = at::cat({before, valid_NL.defined() ? valid_NL.to(at::kBool) : ones(tokens)}, 1);
  }
  last.length += tokens;
  const Tensor fresh = valid_NL.defined() ? valid_NL.to(at::kLong).sum(1)
                                          : at::full({rows}, tokens, at::dtype(at::kLong).device(device));
  seen_N = seen_N.defined() ? seen_N + fresh : fresh;
}

}  // namespace conclave
