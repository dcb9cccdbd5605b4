#include "models/ultrasound/mixing.h"

#include <ATen/ATen.h>

#include "framework/base/config_object.h"
#include "framework/nn/attend.h"
#include "framework/nn/ffn.h"

namespace conclave::ultrasound {

MixingBlock::MixingBlock(int64_t width, int64_t heads, const Json& config, Site site)
    : heads(heads), norm1(width), norm2(width), qkv(width, 3 * width), out(width, width, true, 0.02) {
  require<UsageError>(heads > 0 && width % heads == 0, "model.heads = {} does not divide the width {}", heads,
                      width);
  const bool routed = config.contains("moe");
  require<UsageError>(routed != config.contains("dense"), "model.mixing has either moe or dense");
  if (routed)
    moe = make_layer(config["moe"], width, site);
  else
    dense = make_ffn(config["dense"], width, {}, "model.mixing.dense");
}

Tensor MixingBlock::forward(const Tensor& x_NLD, const TokenContext& context) {
  const int64_t rows = x_NLD.size(0), length = x_NLD.size(1), width = x_NLD.size(2);
  const Tensor parts_3NHLC = qkv.forward(norm1.forward(x_NLD))
                                 .view({rows, length, 3, heads, width / heads})
                                 .permute({2, 0, 3, 1, 4});
  const KeyValue all{parts_3NHLC.select(0, 1).contiguous(), parts_3NHLC.select(0, 2).contiguous()};
  const Tensor seen_NHLC = attend(parts_3NHLC.select(0, 0).contiguous(), {&all, 1}, {});
  const Tensor y_NLD = x_NLD + out.forward(seen_NHLC.transpose(1, 2).reshape({rows, length, width}));
  const Tensor z_TD = norm2.forward(y_NLD).flatten(0, 1);
  const Tensor changed_TD = moe ? moe->forward(z_TD, context) : dense->forward(z_TD, context);
  return y_NLD + changed_TD.view_as(y_NLD);
}

void MixingBlock::visit(Visitor& v) {
  v.child("norm1", norm1);
  v.child("qkv", qkv);
  v.child("out", out);
  v.child("norm2", norm2);
  v.child("moe", moe);
  v.child("dense", dense);
}

}  // namespace conclave::ultrasound
