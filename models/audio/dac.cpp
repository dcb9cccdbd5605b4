#include "models/audio/dac.h"

#include <ATen/ATen.h>

#include "framework/base/config_object.h"
#include "framework/tensor/fresh.h"

namespace conclave {
namespace {

void add_conv(Chain& chain, int64_t in, int64_t out, int64_t kernel, Conv1d::Options options) {
  options.weight_norm = true;
  chain.add<Conv1d>(in, out, kernel, options);
}

void add_residual(Chain& chain, int64_t channels, int64_t dilation) {
  Chain& path = chain.add<ResidualStage>().path;
  path.add<Snake>(channels);
  add_conv(path, channels, channels, 7, {.padding = 3 * dilation, .dilation = dilation});
  path.add<Snake>(channels);
  add_conv(path, channels, channels, 1, {});
}

// Nobody sees the product of all rates before it is checked.
int64_t product(const std::vector<int64_t>& rates, const std::string& name) {
  int64_t all = 1;
  for (const int64_t rate : rates) {
    require<UsageError>(rate >= 1 && rate <= 1000 && all <= 1000000, "{}: rates must be from 1 to 1000",
                        name);
    all *= rate;
  }
  return all;
}

}  // namespace

DacBook::DacBook(int64_t width, int64_t size, int64_t narrow)
    : in_proj(width, narrow, 1, {.weight_norm = true}),
      out_proj(narrow, width, 1, {.weight_norm = true}),
      codebook_ND(fresh_normal({size, narrow}, 1)) {}

Tensor DacBook::nearest(const Tensor& x_BDF) const {
  const auto unit = [](const Tensor& x) { return x / x.norm(2, 1, true).clamp_min(1e-12); };
  const Tensor x_ND = unit(x_BDF.transpose(1, 2).flatten(0, 1)), book_ND = unit(codebook_ND);
  const Tensor distance =
      x_ND.square().sum(1, true) - 2 * at::mm(x_ND, book_ND.t()) + book_ND.square().sum(1, true).t();
  return distance.argmin(1).view({x_BDF.size(0), x_BDF.size(2)});
}

Tensor DacBook::rows(const Tensor& code_BF) const {
  return at::embedding(codebook_ND, code_BF).transpose(1, 2);
}

void DacBook::visit(Visitor& v) {
  v.child("in_proj", in_proj);
  v.child("out_proj", out_proj);
  v("codebook.weight", codebook_ND);
}

Tensor Dac::whole_frames(const Tensor& audio_B1N) const {
  const int64_t over = audio_B1N.size(2) % hop;
  return over == 0 ? audio_B1N : at::constant_pad_nd(audio_B1N, {0, hop - over});
}

Dac::Quantised Dac::quantise(const Tensor& frames_BDF, int64_t use) const {
  require(use >= 1 && use <= books, "[dac] {} codebooks of {}", use, books);
  Tensor rest = frames_BDF, z = at::zeros_like(frames_BDF);
  std::vector<Tensor> codes, latents;
  Tensor commitment = at::zeros({}), codebook = at::zeros({});
  for (int64_t i = 0; i < use; ++i) {
    const auto& book = *quantizers[static_cast<size_t>(i)];
    const Tensor narrow = book.in_proj.forward(rest), code_BF = book.nearest(narrow);
    const Tensor rows = book.rows(code_BF);
    commitment = commitment + at::mse_loss(narrow, rows.detach());
    codebook = codebook + at::mse_loss(rows, narrow.detach());
    const Tensor wide = book.out_proj.forward(narrow + (rows - narrow).detach());
    z = z + wide;
    rest = rest - wide;
    codes.push_back(code_BF);
    latents.push_back(narrow);
  }
  return {at::stack(codes, 1), z, at::cat(latents, 1), commitment, codebook};
}

Tensor Dac::encode(const Tensor& audio_B1N, int64_t use, Seen* seen) const {
  const Tensor whole = whole_frames(audio_B1N), frames_BDF = encoder.forward(whole);
  const Quantised found = quantise(frames_BDF, use);
  if (seen)
    *seen = {{"preprocessed", whole},
             {"encoder_out", frames_BDF},
             {"latents", found.latents_BXF},
             {"z", found.z_BDF},
             {"commitment_loss", found.commitment_loss},
             {"codebook_loss", found.codebook_loss}};
  return found.codes_BKF;
}

Tensor Dac::decode(const Tensor& codes_BKF, Seen* seen) const {
  check_codes(codes_BKF);
  Tensor z;
  std::vector<Tensor> narrow;
  for (int64_t i = 0; i < codes_BKF.size(1); ++i) {
    const auto& book = *quantizers[static_cast<size_t>(i)];
    narrow.push_back(book.rows(codes_BKF.select(1, i)));
    const Tensor wide = book.out_proj.forward(narrow.back());
    z = z.defined() ? z + wide : wide;
  }
  const Tensor audio = decoder.forward(z);
  if (seen) *seen = {{"z", z}, {"z_p", at::cat(narrow, 1)}, {"audio", audio}};
  return audio;
}

void Dac::visit(Visitor& v) {
  v.child("encoder", encoder);
  v.children("quantizer.quantizers", quantizers);
  v.child("decoder", decoder);
}

Ptr<Dac> make_dac(const Json& config) {
  ConfigObject c(config, "codec");
  c.part("kind");
  auto dac = std::make_shared<Dac>();
  dac->sample_rate = c.need_integer("sample_rate");
  const auto rates = c.need<std::vector<int64_t>>("rates");
  const auto decoder_rates = c.need<std::vector<int64_t>>("decoder_rates");
  require<UsageError>(rates.size() <= 16 && decoder_rates.size() <= 16, "codec.rates: at most 16");
  dac->hop = product(rates, c.name("rates"));
  product(decoder_rates, c.name("decoder_rates"));
  int64_t width = c.need_integer("width");
  const auto latent = c.get_integer("latent", width << rates.size(), 1);
  const auto decoder_width = c.need_integer("decoder_width");
  require<UsageError>(decoder_width >> decoder_rates.size() >= 1, "{} = {}: too narrow to be halved {} times",
                      c.name("decoder_width"), decoder_width, decoder_rates.size());
  dac->books = c.need_integer("books");
  dac->book_size = c.need_integer("book_size");
  const auto narrow = c.need_integer("book_width");
  c.finish();

  add_conv(dac->encoder, 1, width, 7, {.padding = 3});
  for (const int64_t rate : rates) {
    Chain& block = dac->encoder.add<Chain>("block");
    for (const int64_t dilation : {1, 3, 9}) add_residual(block, width, dilation);
    block.add<Snake>(width);
    add_conv(block, width, 2 * width, 2 * rate, {.stride = rate, .padding = (rate + 1) / 2});
    width *= 2;
  }
  dac->encoder.add<Snake>(width);
  add_conv(dac->encoder, width, latent, 3, {.padding = 1});

  for (int64_t i = 0; i < dac->books; ++i)
    dac->quantizers.push_back(std::make_shared<DacBook>(latent, dac->book_size, narrow));

  add_conv(dac->decoder, latent, decoder_width, 7, {.padding = 3});
  int64_t channels = decoder_width;
  for (const int64_t rate : decoder_rates) {
    Chain& block = dac->decoder.add<Chain>("block");
    block.add<Snake>(channels);
    add_conv(block, channels, channels / 2, 2 * rate,
             {.stride = rate, .padding = (rate + 1) / 2, .transposed = true});
    channels /= 2;
    for (const int64_t dilation : {1, 3, 9}) add_residual(block, channels, dilation);
  }
  dac->decoder.add<Snake>(channels);
  add_conv(dac->decoder, channels, 1, 7, {.padding = 3});
  dac->decoder.add<Tanh>();
  return dac;
}

}  // namespace conclave
