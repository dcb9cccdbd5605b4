#include "models/stream/driftmoe/router.h"

#include <algorithm>
#include <cmath>

#include "models/stream/base/fast_math.h"

namespace conclave::stream {
namespace {

constexpr int kFirst = 256, kSecond = 128;

void rectify(std::vector<float>& values) {
  for (float& value : values) value = value > 0 ? value : 0;
}

void draw_xavier(DenseLayer& layer, int in, Random& random) {  // Glorot and Bengio, 2010
  layer.draw_uniform(random, std::sqrt(6.0 / (in + layer.out())));
}

}  // namespace

Router::Router(int in, int used, int experts, double rate, double dropout, uint64_t seed)
    : rate_(rate),
      dropout_(dropout),
      random_(seed, "dropout"),
      in_(in, kFirst),
      middle_(kFirst, kSecond),
      out_(kSecond, experts),
      h1_(kFirst),
      h2_(kSecond),
      d1_(kFirst),
      d2_(kSecond) {
  Random random(seed, "router");
  draw_xavier(in_, used, random);
  draw_xavier(middle_, kFirst, random);
  draw_xavier(out_, kSecond, random);
}

void Router::forward(const float* z_D, bool drop) {
  in_.forward(z_D, h1_.data());
  rectify(h1_);
  kept_.clear();
  if (drop && dropout_ > 0) {
    random_.seek(static_cast<uint64_t>(steps_) * kFirst);
    const auto least = static_cast<uint32_t>(dropout_ * 0x1p32);
    const auto scale = static_cast<float>(1 / (1 - dropout_));
    for (float& h : h1_) {
      kept_.push_back(random_() < least ? 0.0f : scale);
      h *= kept_.back();
    }
  }
  middle_.forward(h1_.data(), h2_.data());
  rectify(h2_);
  logits_.resize(out_.padded());
  out_.forward(h2_.data(), logits_.data());
}

void Router::logits(const float* z_D, float* logits_E, bool drop) {
  forward(z_D, drop);
  std::copy_n(logits_.data(), experts(), logits_E);
}

void Router::backward(const float* mask_E, size_t rows) {
  const auto share = static_cast<float>(1.0 / (static_cast<double>(rows) * experts()));
  d3_.assign(out_.padded(), 0.0f);
  for (int e = 0; e < experts(); ++e) d3_[e] = (1 / (1 + fast_exp(-logits_[e])) - mask_E[e]) * share;
  out_.backward(d3_.data(), d2_.data());
  for (int j = 0; j < kSecond; ++j) d2_[j] = h2_[j] > 0 ? d2_[j] : 0.0f;
  middle_.backward(d2_.data(), d1_.data());
  for (int j = 0; j < kFirst; ++j) d1_[j] = h1_[j] > 0 ? d1_[j] * (kept_.empty() ? 1.0f : kept_[j]) : 0.0f;
}

void Router::train(const float* z_TD, const float* mask_TE, size_t n) {
  for (size_t t = 0; t < n; ++t) {
    const float* const z_D = z_TD + t * in_.in();
    forward(z_D, false);
    backward(mask_TE + t * experts(), n);
    in_.gather(z_D, d1_.data());
    middle_.gather(h1_.data(), d2_.data());
    out_.gather(h2_.data(), d3_.data());
  }
  const float rate = adam_rate(rate_, ++steps_);
  for (DenseLayer* layer : {&in_, &middle_, &out_}) layer->step(1, rate);
}

void Router::train_last(const float* z_D, const float* mask_E) {
  backward(mask_E, 1);
  const float rate = adam_rate(rate_, ++steps_);
  in_.step_row(z_D, d1_.data(), rate);
  middle_.step_row(h1_.data(), d2_.data(), rate);
  out_.step_row(h2_.data(), d3_.data(), rate);
}

void Router::fields(Archive& archive) {
  archive(steps_, in_, middle_, out_);
  archive.check(steps_ >= 0, "a negative number of steps");
}

}  // namespace conclave::stream
