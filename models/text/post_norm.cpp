#include "models/text/post_norm.h"

#include "framework/base/error.h"

namespace conclave {
namespace {

struct NoNorm : Norm {
  Tensor forward(const Tensor& x) const override { return x; }
  void visit(Visitor&) override {}
};

struct NormedAttention : SelfAttention {
  Ptr<SelfAttention> inner;
  Ptr<Norm> norm;

  NormedAttention(Ptr<SelfAttention> attention, Ptr<Norm> norm)
      : inner(std::move(attention)), norm(std::move(norm)) {
    layer = inner->layer;
  }
  const char* name() const override { return inner->name(); }
  Tensor forward(const Tensor& x_NLD, const Pass& pass, const TokenContext& context) const override {
    return norm->forward(inner->forward(x_NLD, pass, context));
  }
  void visit(Visitor& v) override {
    inner->visit(v);
    v.child("post_norm", norm);
  }
};

struct NormedPath : Path {
  Ptr<Path> inner;
  Ptr<Norm> norm;

  NormedPath(Ptr<Path> path, Ptr<Norm> norm) : inner(std::move(path)), norm(std::move(norm)) {}
  Tensor forward(const Tensor& x_TD, const TokenContext& context) override {
    return norm->forward(inner->forward(x_TD, context));
  }
  bool reads_context() const override { return inner->reads_context(); }
  void visit(Visitor& v) override {
    inner->visit(v);
    v.child("post_norm", norm);
  }
};

}  // namespace

void normalise_branches(Transformer& stack) {
  for (auto& block : stack.layers) {
    require<UsageError>(block->ffn && block->post_attention_layernorm,
                        "post_norm: layers must be dense and one branch after the other");
    block->self_attn = std::make_shared<NormedAttention>(block->self_attn, block->input_layernorm);
    block->ffn = std::make_shared<NormedPath>(block->ffn, block->post_attention_layernorm);
    block->input_layernorm = block->post_attention_layernorm = std::make_shared<NoNorm>();
  }
}

}  // namespace conclave
