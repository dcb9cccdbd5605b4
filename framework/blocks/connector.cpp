#include <ATen/ATen.h>

#include "framework/base/config_object.h"
#include "framework/blocks/vision.h"
#include "framework/nn/linear.h"

namespace conclave {
namespace {

struct LinearConnector : Connector {
  Linear projection;

  LinearConnector(int64_t in, int64_t out) : projection(in, out) {}
  FeatureGrid forward(const FeatureGrid& grid, const TokenContext& context) override {
    return {projection.forward(grid.tokens_BLD, context), grid.rows, grid.columns};
  }
  void visit(Visitor& v) override { v.child("projection", projection); }
};

// merge = 1 is LLaVA's projector, whose layers are called 0 and 2.
struct MlpConnector : Connector {
  int64_t merge;
  Linear first, second;

  MlpConnector(int64_t in, int64_t out, int64_t merge)
      : merge(merge), first(in * merge * merge, out), second(out, out) {}

  FeatureGrid forward(const FeatureGrid& grid, const TokenContext& context) override {
    const FeatureGrid merged = merge > 1 ? merge_neighbours(grid) : grid;
    const Tensor hidden = at::gelu(first.forward(merged.tokens_BLD, context));
    return {second.forward(hidden, context), merged.rows, merged.columns};
  }
  FeatureGrid merge_neighbours(const FeatureGrid& grid) const {
    require(grid.rows % merge == 0 && grid.columns % merge == 0,
            "[connector] a grid of {}x{} does not divide into {}x{} neighbourhoods", grid.rows, grid.columns,
            merge, merge);
    const int64_t rows = grid.rows / merge, columns = grid.columns / merge;
    const int64_t batch = grid.tokens_BLD.size(0), width = grid.tokens_BLD.size(2);
    const Tensor tokens = grid.tokens_BLD.reshape({batch, rows, merge, columns, merge, width})
                              .permute({0, 1, 3, 2, 4, 5})
                              .reshape({batch, rows * columns, merge * merge * width});
    return {tokens, rows, columns};
  }
  void visit(Visitor& v) override {
    v.child("0", first);
    v.child("2", second);
  }
};

}  // namespace

Ptr<Connector> make_connector(const Json& config, int64_t in, int64_t out, const std::string& path) {
  ConfigObject c(config, path);
  const auto kind = c.one_of("kind", {"mlp2x_gelu", "linear", "merge_mlp"});
  const auto merge = kind == "merge_mlp" ? c.get_integer("merge", 2, 2) : 1;
  c.finish();
  if (kind == "linear") return std::make_shared<LinearConnector>(in, out);
  return std::make_shared<MlpConnector>(in, out, merge);
}

}  // namespace conclave
