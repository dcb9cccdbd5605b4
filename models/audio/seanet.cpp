#include "models/audio/seanet.h"

#include <algorithm>

#include "framework/base/config_object.h"

namespace conclave {
namespace {

void add_conv(Chain& chain, const SeanetShape& s, int64_t in, int64_t out, int64_t kernel,
              Conv1d::Options options = {}) {
  options.weight_norm = s.weight_norm;
  chain.add<FramedConv>(in, out, kernel, options, s.ends);
}

void add_residuals(Chain& chain, const SeanetShape& s, int64_t channels) {
  int64_t dilation = 1;
  for (int64_t i = 0; i < s.residuals; ++i, dilation *= s.dilation_growth) {
    auto& part = chain.add<ResidualStage>();
    const int64_t narrow = std::max<int64_t>(channels / s.compress, 1);
    part.path.add<Elu>();
    add_conv(part.path, s, channels, narrow, s.residual_kernel, {.dilation = dilation});
    part.path.add<Elu>();
    add_conv(part.path, s, narrow, channels, 1);
    if (s.shortcut)
      part.shortcut = std::make_shared<FramedConv>(channels, channels, 1,
                                                   Conv1d::Options{.weight_norm = s.weight_norm}, s.ends);
  }
}

}  // namespace

SeanetShape SeanetShape::read(ConfigObject& c) {
  SeanetShape s;
  s.channels = c.get_integer("channels", s.channels, 1);
  s.filters = c.need_integer("filters");
  s.width = c.need_integer("width");
  s.rates = c.need<std::vector<int64_t>>("rates");
  for (const int64_t rate : s.rates)
    require<UsageError>(rate >= 1 && rate <= 1000 && s.rates.size() <= 8,
                        "{}: at most 8 rates from 1 to 1000", c.name("rates"));
  s.kernel = c.get_integer("kernel", s.kernel, 1);
  s.last_kernel = c.get_integer("last_kernel", s.last_kernel, 1);
  s.residual_kernel = c.get_integer("residual_kernel", s.residual_kernel, 1);
  s.residuals = c.get_integer("residuals", s.residuals);
  s.dilation_growth = c.get_integer("dilation_growth", s.dilation_growth, 1);
  s.compress = c.get_integer("compress", s.compress, 1);
  s.shortcut = c.get("shortcut", s.shortcut);
  s.lstm = c.get_integer("lstm", s.lstm);
  s.weight_norm = c.get("weight_norm", s.weight_norm);
  s.ends.causal = c.get("causal", s.ends.causal);
  s.ends.pad = c.one_of("pad", {"reflect", "constant", "replicate"});
  s.ends.trim_right = c.get("trim_right", s.ends.trim_right);
  return s;
}

int64_t SeanetShape::hop() const {
  int64_t all = 1;
  for (const int64_t rate : rates) all *= rate;
  return all;
}

Ptr<Chain> make_seanet_encoder(const SeanetShape& s) {
  auto chain = std::make_shared<Chain>("layers");
  add_conv(*chain, s, s.channels, s.filters, s.kernel);
  int64_t channels = s.filters;
  for (size_t i = s.rates.size(); i-- > 0;) {
    add_residuals(*chain, s, channels);
    chain->add<Elu>();
    add_conv(*chain, s, channels, 2 * channels, 2 * s.rates[i], {.stride = s.rates[i]});
    channels *= 2;
  }
  if (s.lstm > 0) chain->add<ResidualLstm>(channels, s.lstm);
  chain->add<Elu>();
  add_conv(*chain, s, channels, s.width, s.last_kernel);
  return chain;
}

Ptr<Chain> make_seanet_decoder(const SeanetShape& s) {
  auto chain = std::make_shared<Chain>("layers");
  int64_t channels = s.filters << s.rates.size();
  add_conv(*chain, s, s.width, channels, s.kernel);
  if (s.lstm > 0) chain->add<ResidualLstm>(channels, s.lstm);
  for (const int64_t rate : s.rates) {
    chain->add<Elu>();
    add_conv(*chain, s, channels, channels / 2, 2 * rate, {.stride = rate, .transposed = true});
    channels /= 2;
    add_residuals(*chain, s, channels);
  }
  chain->add<Elu>();
  add_conv(*chain, s, channels, s.channels, s.last_kernel);
  return chain;
}

}  // namespace conclave
