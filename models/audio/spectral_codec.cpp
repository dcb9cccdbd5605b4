#include "models/audio/spectral_codec.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <bit>

#include "framework/base/config_object.h"

namespace conclave {
namespace {

constexpr int64_t kFramesPerSecond = 50;

int64_t hop_at(int64_t sample_rate) {
  return sample_rate / kFramesPerSecond;
}
constexpr double kLargestLog = 5;  // of a magnitude: louder is no sound that 16 bits hold

std::vector<Ptr<CausalBlock>> make_blocks(int64_t count, int64_t width, int64_t hidden) {
  std::vector<Ptr<CausalBlock>> blocks;
  for (int64_t i = 0; i < count; ++i) blocks.push_back(std::make_shared<CausalBlock>(width, 7, hidden));
  return blocks;
}

Tensor through(const std::vector<Ptr<CausalBlock>>& blocks, Tensor x_BTD, CausalPast& past) {
  for (const auto& block : blocks) x_BTD = block->forward(x_BTD, past);
  return x_BTD;
}

// Spectra [...,F] as a network likes them, whatever their level: z·|z|^-0.7 and log|z|, [...,3F].
Tensor compressed(const Tensor& spectrum) {
  const Tensor z = at::view_as_real(spectrum);
  const Tensor size = (z.square().sum(-1) + 1e-6).sqrt(), less = size.pow(-0.7);
  return at::cat({z.select(-1, 0) * less, z.select(-1, 1) * less, 0.3 * size.log()}, -1);
}

// One filter for each channel over a few steps [B,C,L+K-1] -> [B,C,L]: setting a convolution up costs more
// than its arithmetic.
constexpr int64_t kFewSteps = 16;

bool takes_few(const Conv1d& conv, const Tensor& x_BCL) {
  const auto plain = [](const Tensor& t) {
    return t.is_cpu() && t.scalar_type() == at::kFloat && t.is_contiguous();
  };
  return !at::GradMode::is_enabled() && conv.weight.dim() == 3 && conv.weight.size(1) == 1 &&
         conv.weight.size(0) == x_BCL.size(1) && x_BCL.size(2) - conv.kernel + 1 <= kFewSteps &&
         plain(x_BCL) && plain(conv.weight) && conv.bias.defined() && plain(conv.bias);
}

Tensor few_steps(const Conv1d& conv, const Tensor& x_BCL) {
  const int64_t channels = x_BCL.size(1), steps = x_BCL.size(2) - conv.kernel + 1;
  Tensor y_BCL = at::empty({x_BCL.size(0), channels, steps}, x_BCL.options());
  const float* x = x_BCL.const_data_ptr<float>();
  const float *weight = conv.weight.const_data_ptr<float>(), *bias = conv.bias.const_data_ptr<float>();
  auto* y = y_BCL.mutable_data_ptr<float>();
  for (int64_t row = 0; row < x_BCL.size(0) * channels; ++row, x += x_BCL.size(2)) {
    const float* filter = weight + row % channels * conv.kernel;
    for (int64_t t = 0; t < steps; ++t) {
      float sum = bias[row % channels];
      for (int64_t k = 0; k < conv.kernel; ++k) sum += filter[k] * x[t + k];
      *y++ = sum;
    }
  }
  return y_BCL;
}

}  // namespace

CausalConv::CausalConv(int64_t in, int64_t out, int64_t kernel, int64_t groups)
    : conv(in, out, kernel, {.groups = groups}) {}

Tensor CausalConv::forward(const Tensor& x_BTD, CausalPast& past) const {
  const int64_t before = conv.kernel - 1;
  Tensor& kept_BDT = past.next();
  const Tensor x_BDT = x_BTD.transpose(1, 2);
  const Tensor long_BDT =
      kept_BDT.defined() ? at::cat({kept_BDT, x_BDT}, 2) : at::constant_pad_nd(x_BDT, {before, 0});
  kept_BDT = long_BDT.narrow(2, long_BDT.size(2) - before, before);
  if (takes_few(conv, long_BDT)) return few_steps(conv, long_BDT).transpose(1, 2);
  return conv.forward(long_BDT).transpose(1, 2);
}

CausalBlock::CausalBlock(int64_t width, int64_t kernel, int64_t hidden)
    : along(width, width, kernel, width),
      norm(width),
      widen(width, hidden),
      narrow(hidden, width),
      scale(at::full({width}, 0.3)) {}

Tensor CausalBlock::forward(const Tensor& x_BTD, CausalPast& past) const {
  const Tensor y_BTD = norm.forward(along.forward(x_BTD, past));
  return x_BTD + scale * narrow.forward(at::gelu(widen.forward(y_BTD)));
}

void CausalBlock::visit(Visitor& v) {
  v.child("along", along);
  v.child("norm", norm);
  v.child("widen", widen);
  v.child("narrow", narrow);
  v("scale", scale);
}

SpectralCodec::SpectralCodec(int64_t sample_rate, int64_t width, int64_t hidden, int64_t latent,
                             int64_t books, int64_t book_size, int64_t fine_blocks, int64_t coarse_blocks)
    : analysis(3 * (hop_at(sample_rate) + 1), width),
      fine_in(make_blocks(fine_blocks, width, hidden)),
      coarse_in(make_blocks(coarse_blocks, width, hidden)),
      down(2 * width, width),
      to_latent(width, latent),
      quantizer(std::make_shared<ResidualQuantizer>(books, book_size, latent, /*as_sums=*/true)),
      from_latent(std::make_shared<CausalConv>(latent, width, 3)),
      coarse_out(make_blocks(coarse_blocks, width, hidden)),
      fine_out(make_blocks(coarse_blocks, width, hidden)),
      up(width, 2 * width),
      last_norm(width),
      head(width, 2 * (hop_at(sample_rate) + 1)),
      window_W(at::hann_window(2 * hop_at(sample_rate))) {
  this->sample_rate = sample_rate;
  hop = hop_at(sample_rate);
  this->books = books;
  this->book_size = book_size;
}

Tensor SpectralCodec::analyse(const Tensor& audio_BN, CausalPast& past) const {
  past.rewind();
  Tensor x_BTD = analysis.forward(compressed(at::fft_rfft(audio_BN.unfold(1, 2 * hop, hop / 2) * window_W)));
  x_BTD = through(fine_in, x_BTD, past);
  x_BTD = down.forward(x_BTD.reshape({x_BTD.size(0), x_BTD.size(1) / 2, -1}));
  return to_latent.forward(through(coarse_in, x_BTD, past)).transpose(1, 2);
}

Tensor SpectralCodec::synthesise(const Tensor& frames_BDF, CausalPast& past) const {
  past.rewind();
  const int64_t batch = frames_BDF.size(0), steps = 2 * frames_BDF.size(2), step = hop / 2, length = 2 * hop;
  Tensor x_BTD = through(coarse_out, from_latent->forward(frames_BDF.transpose(1, 2), past), past);
  x_BTD = through(fine_out, up.forward(x_BTD).reshape({batch, steps, -1}), past);
  const auto parts = head.forward(last_norm.forward(x_BTD)).chunk(2, -1);
  const Tensor spectrum_BTF = at::polar((parts[0].clamp_max(kLargestLog) - 2).exp(), parts[1]);
  // Four Hann windows squared at a quarter's distance add up to 3/2.
  const Tensor pieces_BWT = (at::fft_irfft(spectrum_BTF, length) * (window_W / 1.5)).transpose(1, 2);
  const int64_t samples = steps * step, overhang = length - step;
  const Tensor sum_BN =
      at::col2im(pieces_BWT, {1, samples + overhang}, {1, length}, {1, 1}, {0, 0}, {1, step}).flatten(1);
  Tensor& tail_BN = past.next();
  Tensor whole_BN = sum_BN;
  if (tail_BN.defined()) whole_BN = sum_BN + at::constant_pad_nd(tail_BN, {0, samples});
  tail_BN = whole_BN.narrow(1, samples, overhang);
  return whole_BN.narrow(1, 0, samples);
}

Tensor SpectralCodec::with_lookahead(const Tensor& audio_BN) const {
  const int64_t samples = audio_BN.size(1), frames = (samples + hop - 1) / hop;
  return at::constant_pad_nd(audio_BN, {0, frames * hop + lookahead() - samples});
}

Tensor SpectralCodec::encode(const Tensor& audio_B1N, int64_t use, Seen* seen) const {
  require(audio_B1N.dim() == 3 && audio_B1N.size(1) == 1 && audio_B1N.size(2) > 0,
          "[codec] expected sound [B,1,N] with samples");
  CausalPast past;
  const Tensor frames_BDF = analyse(with_lookahead(audio_B1N.select(1, 0)), past);
  if (seen) (*seen)["frames"] = frames_BDF;
  return quantizer->encode(frames_BDF, use);
}

Tensor SpectralCodec::decode(const Tensor& codes_BKF, Seen* seen) const {
  check_codes(codes_BKF);
  CausalPast past;
  const Tensor frames_BDF = quantizer->decode(codes_BKF);
  if (seen) (*seen)["frames"] = frames_BDF;
  return synthesise(frames_BDF, past).unsqueeze(1);
}

void SpectralCodec::visit(Visitor& v) {
  v.child("analysis", analysis);
  v.children("fine_in", fine_in);
  v.child("down", down);
  v.children("coarse_in", coarse_in);
  v.child("to_latent", to_latent);
  v.child("quantizer", quantizer);
  v.child("from_latent", from_latent);
  v.children("coarse_out", coarse_out);
  v.child("up", up);
  v.children("fine_out", fine_out);
  v.child("last_norm", last_norm);
  v.child("head", head);
}

Ptr<SpectralCodec> make_spectral_codec(const Json& config) {
  ConfigObject c(config, "codec");
  c.one_of("kind", {"spectral"});
  const auto rate = c.get_integer("sample_rate", 8000, 200);
  require<UsageError>(rate % (2 * kFramesPerSecond) == 0 && rate <= 48000,
                      "{} = {}: must be a multiple of {} up to 48000", c.name("sample_rate"), rate,
                      2 * kFramesPerSecond);
  const auto width = c.get_integer("width", 128, 1);
  const auto hidden = c.get_integer("hidden", 3 * width, 1), latent = c.get_integer("latent", 32, 1);
  const auto books = c.get_integer("books", 8, 1), size = c.get_integer("book_size", 256, 2);
  const auto fine = c.get_integer("fine_blocks", 2), coarse = c.get_integer("coarse_blocks", 3);
  require<UsageError>(width <= 4096 && hidden <= 16384 && latent <= 4096 && books <= 32 && size <= 65536 &&
                          fine <= 64 && coarse <= 64,
                      "codec: larger than this kind may be");
  c.finish();
  return std::make_shared<SpectralCodec>(rate, width, hidden, latent, books, size, fine, coarse);
}

Tensor SpectralEncoder::run(const Tensor& waiting_N, int64_t frames) {
  const at::NoGradGuard no_grad;
  given_ += frames;
  if (frames == 0) return at::empty({use_, 0}, at::kLong);
  const Tensor audio_BN = waiting_N.narrow(0, 0, frames * codec_.hop + codec_.lookahead()).unsqueeze(0);
  return codec_.quantizer->encode(codec_.analyse(audio_BN, past_), use_)[0];
}

Tensor SpectralEncoder::push(const Tensor& samples_N) {
  seen_ += samples_N.size(0);
  waiting_N_ = waiting_N_.defined() ? at::cat({waiting_N_, samples_N}) : samples_N;
  const int64_t frames = std::max<int64_t>(waiting_N_.size(0) - codec_.lookahead(), 0) / codec_.hop;
  const Tensor codes_KF = run(waiting_N_, frames);
  waiting_N_ = waiting_N_.slice(0, frames * codec_.hop).clone();
  return codes_KF;
}

Tensor SpectralEncoder::finish() {
  const int64_t frames = (seen_ + codec_.hop - 1) / codec_.hop - given_;
  if (frames == 0) return at::empty({use_, 0}, at::kLong);
  const int64_t missing = frames * codec_.hop + codec_.lookahead() - waiting_N_.size(0);
  return run(at::constant_pad_nd(waiting_N_, {0, missing}), frames);
}

Tensor SpectralDecoder::run(const Tensor& codes_KF) {
  const at::NoGradGuard no_grad;
  std::vector<Tensor> made;
  for (int64_t at = 0; at + kPiece <= codes_KF.size(1); at += kPiece)
    made.push_back(
        codec_.synthesise(codec_.quantizer->decode(codes_KF.narrow(1, at, kPiece).unsqueeze(0)), past_)[0]);
  return made.empty() ? at::empty({0}) : at::cat(made);
}

Tensor SpectralDecoder::push(const Tensor& codes_KF) {
  codec_.check_codes(codes_KF.unsqueeze(0));
  const Tensor all_KF = waiting_KF_.defined() ? at::cat({waiting_KF_, codes_KF}, 1) : codes_KF;
  const int64_t whole = all_KF.size(1) / kPiece * kPiece;
  waiting_KF_ = all_KF.slice(1, whole).clone();
  return run(all_KF.narrow(1, 0, whole));
}

Tensor SpectralDecoder::finish() {
  if (!waiting_KF_.defined() || waiting_KF_.size(1) == 0) return at::empty({0});
  const int64_t frames = waiting_KF_.size(1);
  // Later frames do not touch earlier sound.
  return run(at::constant_pad_nd(waiting_KF_, {0, kPiece - frames})).narrow(0, 0, frames * codec_.hop);
}

}  // namespace conclave
