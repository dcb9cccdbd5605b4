#pragma once

#include <ATen/ATen.h>

#include "framework/base/config_object.h"
#include "framework/blocks/vision.h"
#include "framework/moe/layer.h"
#include "framework/nn/embedding.h"
#include "framework/nn/linear.h"

namespace conclave {

/// One look at each picture, one at the question: the mean of each goes through an MoE layer as a token of
/// its modality, and the two together choose one of `answers` whole answers.
struct OneLookVqa : Module {
  Ptr<VisionEncoder> vision;
  Ptr<Connector> connector;
  Embedding words;
  Ptr<Layer> moe;
  Linear head;

  /// pictures [B,3,S,S], ids [B,L] -> logits [B,answers].
  Tensor forward(const Tensor& pictures_B3SS, const Tensor& ids_BL, TokenContext context) const {
    const int64_t batch = ids_BL.size(0);
    const auto seen = connector->forward(vision->forward(pictures_B3SS, context), context);
    const Tensor x_TD = at::cat({seen.tokens_BLD.mean(1), words.forward(ids_BL).mean(1)});
    context.modality_T = at::cat({at::full({batch}, static_cast<int64_t>(Modality::vision), at::kLong),
                                  at::full({batch}, static_cast<int64_t>(Modality::text), at::kLong)});
    const Tensor y_TD = x_TD + moe->forward(x_TD, context);
    return head.forward(at::cat({y_TD.narrow(0, 0, batch), y_TD.narrow(0, batch, batch)}, 1));
  }

  void visit(Visitor& v) override {
    v.child("vision", vision);
    v.child("connector", connector);
    v.child("words", words);
    v.child("moe", moe);
    v.child("head", head);
  }
};

/// {"vocab_size": 512, "answers": 13, "width": 64, "vision": {...}, "moe": {...}}; throws UsageError.
inline Ptr<OneLookVqa> make_one_look_vqa(const Json& config) {
  ConfigObject c(config, "config");
  const auto width = c.need_integer("width");
  auto model = std::make_shared<OneLookVqa>();
  model->vision = make_vision_encoder(c.part("vision"), 1, c.name("vision"));
  model->connector = make_connector({{"kind", "linear"}}, model->vision->width, width);
  model->words = Embedding(c.need_integer("vocab_size"), width);
  model->moe = make_layer(c.part("moe"), width, 0);
  model->head = Linear(2 * width, c.need_integer("answers"));
  c.finish();
  return model;
}

}  // namespace conclave
