/// The network: a picture in, an outline and the fields of its task out.
#pragma once

#include <map>

#include "framework/base/random.h"
#include "models/ultrasound/mixing.h"
#include "models/ultrasound/model_config.h"
#include "models/ultrasound/unet.h"

namespace conclave::ultrasound {

/// What the network says of N pictures of one task.
struct Reading {
  Tensor mask_NHW;      ///< logits, as large as the canvas; of the mean of the samples
  Tensor samples_NSHW;  ///< logits of outlines as raters might draw them, of a task with latent
  std::map<std::string, Tensor> fields;  ///< by name, logits [N, values]
  Tensor known_N;                        ///< logit that this is a picture of the task at all
};

/// One task's outline and fields.
struct TaskHeads : Module {
  Tensor query_FD;  ///< a token for each field; [0,D] without fields
  Conv2d mask;
  /// Of a task with latent, between the finest map and the mask, what a rater's way of drawing shifts
  /// (the 1x1 convolutions of the Probabilistic U-Net, arXiv 1806.05034).
  Conv2d vary, vary_more;
  Linear shift;
  std::vector<Linear> hidden, out;  ///< of each field
  Linear known_hidden, known_out;

  TaskHeads(const TaskConfig& config, int64_t finest, int64_t width);
  void visit(Visitor& v) override;
};

/// Tokens of the bottleneck are named by TokenContext::task_T: task t has 2t for places of the picture and
/// 2t + 1 for its fields, so that routers can tell organ and task.
struct ReaderModel : Module {
  ModelConfig config;
  Encoder encoder;
  Decoder decoder;
  std::vector<Ptr<MixingBlock>> blocks;
  std::vector<Ptr<TaskHeads>> heads;  ///< of each task

  explicit ReaderModel(ModelConfig config);
  /// picture [N,1,H,W], float, about -1 to 1, sides multiples of 2^levels; `task` is an index of
  /// config.tasks. latent_NSL: draws of latent_draws, S of each picture, of a task that has one.
  Reading forward(const Tensor& picture_N1HW, int64_t task, const TokenContext& context,
                  const Tensor& latent_NSL = {});
  void visit(Visitor& v) override;
};

/// Standard normal draws [rows, samples, latent]; each second one is the first with the other sign.
Tensor latent_draws(int64_t rows, int64_t samples, int64_t latent, Random& random);

/// What task_T says of a token: "breast places", "breast fields".
std::string token_kind_name(const ModelConfig& config, int64_t task_of_token);

}  // namespace conclave::ultrasound
