/// What convolutional codecs are put together from: parts that turn waves or frames [B,C,L] into others.
#pragma once

#include "framework/nn/activation.h"
#include "framework/tensor/module.h"

namespace conclave {

struct AudioStage : Module {
  /// x [B,C,L] -> [B,C',L'].
  virtual Tensor forward(const Tensor& x_BCL) const = 0;
  void visit(Visitor&) override {}
};

/// One after the other, called NAME.0, NAME.1, ... as published codecs have it.
struct Chain : AudioStage {
  std::string name;
  std::vector<Ptr<AudioStage>> stages;

  explicit Chain(std::string name) : name(std::move(name)) {}
  /// Adds a stage and gives it back.
  template <class S, class... A>
  S& add(A&&... arguments) {
    auto stage = std::make_shared<S>(std::forward<A>(arguments)...);
    stages.push_back(stage);
    return *stage;
  }
  Tensor forward(const Tensor& x_BCL) const override;
  void visit(Visitor& v) override { v.children(name, stages); }
};

/// path(x) + shortcut(x); without a shortcut + x.
struct ResidualStage : AudioStage {
  Chain path{"block"};
  Ptr<AudioStage> shortcut;

  Tensor forward(const Tensor& x_BCL) const override;
  void visit(Visitor& v) override;
};

/// x + sin²(αx)/α with one α for each channel (arXiv 2006.08195).
struct Snake : AudioStage {
  Tensor alpha;  ///< [1,C,1]

  explicit Snake(int64_t channels);
  Tensor forward(const Tensor& x_BCL) const override;
  void visit(Visitor& v) override { v("alpha", alpha); }
};

struct Elu : AudioStage {
  Tensor forward(const Tensor& x_BCL) const override;
};

struct Tanh : AudioStage {
  Tensor forward(const Tensor& x_BCL) const override;
};

/// A stack of long short-term memories along L, added to its input.
struct ResidualLstm : AudioStage {
  std::vector<Tensor> weights;  ///< of each layer: input, hidden, their biases

  ResidualLstm(int64_t channels, int64_t layers);
  Tensor forward(const Tensor& x_BCL) const override;
  void visit(Visitor& v) override;
};

}  // namespace conclave
