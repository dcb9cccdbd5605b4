#include <ATen/ATen.h>

#include <cstdio>

#include "framework/moe/layer.h"

int main() {
  const auto config = conclave::parse_json(
      R"({"experts": {"count": 4, "kind": "gated_ffn", "hidden": 16}, "router": {"select": {"kind": "top_k", "k": 2}}})",
      "example");
  const auto layer = conclave::make_layer(config, 8, 0);
  const at::Tensor y = layer->forward(at::ones({3, 8}), {});
  std::printf("%ld tokens of width %ld\n", y.size(0), y.size(1));
  return y.size(0) == 3 && y.size(1) == 8 ? 0 : 1;
}
