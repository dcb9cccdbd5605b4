/// T5's encoder (arXiv 1910.10683): what the text of a music prompt becomes.
#pragma once

#include "framework/nn/embedding.h"
#include "framework/nn/ffn.h"
#include "framework/nn/norm.h"

namespace conclave {

struct T5Layer : Module {
  Linear q, k, v, o;
  Ptr<Norm> attention_norm, ffn_norm;
  Ptr<Path> ffn;
  void visit(Visitor& visitor) override;
};

struct T5Encoder : Module {
  Embedding shared;
  Embedding relative_bias;  ///< [buckets, heads], of all layers
  int64_t heads = 0, farthest = 128;
  std::vector<Ptr<T5Layer>> layers;
  Ptr<Norm> norm;

  /// ids [N,L], valid_NL bool or undefined -> features [N,L,D].
  Tensor forward(const Tensor& ids_NL, const Tensor& valid_NL) const;
  void visit(Visitor& v) override;

 private:
  Tensor bias_HLL(int64_t tokens) const;
};

/// {"vocabulary", "width", "layers", "heads", "head_dim", "hidden", "gated": false, "activation": "relu",
/// "eps": 1e-6, "buckets": 32, "farthest": 128}. Throws UsageError that names the key.
Ptr<T5Encoder> make_t5_encoder(const Json& config, const std::string& path);

/// The bucket of a key's place relative to the query's: exact ones near by, then ever wider ones up to
/// `farthest`; half of them for what comes later.
Tensor relative_bucket(const Tensor& relative, int64_t buckets, int64_t farthest);

}  // namespace conclave
