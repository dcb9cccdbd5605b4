#include "models/ultrasound/reader_model.h"

#include <ATen/ATen.h>

#include <cmath>

#include "framework/base/error.h"
#include "framework/tensor/fresh.h"

namespace conclave::ultrasound {
namespace {

constexpr int64_t kHidden = 64;
constexpr int64_t kReadSamples = 16;
constexpr double kSureLogit = 12;  // of a mean of shares, where all samples are sure

// Mean of map [N,C,H,W] weighed by weight [N,1,H,W] -> [N,C].
Tensor mean_under(const Tensor& map_NCHW, const Tensor& weight_N1HW) {
  const Tensor total_N1 = weight_N1HW.sum({2, 3}).clamp_min(1e-3);
  return (map_NCHW * weight_N1HW).sum({2, 3}) / total_N1;
}

// The finest map and S draws for each picture -> logits [N,S,H,W].
Tensor sampled_masks(const TaskHeads& head, const Tensor& fine_NCHW, const Tensor& latent_NSL) {
  const int64_t rows = fine_NCHW.size(0), samples = latent_NSL.size(1);
  const Tensor shift_NSC11 = head.shift.forward(latent_NSL).unsqueeze(3).unsqueeze(4);
  const Tensor varied_NSCHW = (head.vary.forward(fine_NCHW).unsqueeze(1) + shift_NSC11).relu();
  const Tensor more = head.vary_more.forward(varied_NSCHW.flatten(0, 1)).relu();
  return head.mask.forward(more).view({rows, samples, fine_NCHW.size(2), fine_NCHW.size(3)}).to(at::kFloat);
}

}  // namespace

TaskHeads::TaskHeads(const TaskConfig& config, int64_t finest, int64_t width)
    : query_FD(fresh_normal({static_cast<int64_t>(config.fields.size()), width}, 0.5)), mask(finest, 1, 1) {
  // Mean of the picture, mean of the outlined part, coarse and fine, and its size; a field's token before it.
  const int64_t picture = 2 * width + finest + 1;
  known_hidden = Linear(picture, kHidden);
  known_out = Linear(kHidden, 1);
  if (config.latent > 0) {
    vary = Conv2d(finest, finest, 1);
    vary_more = Conv2d(finest, finest, 1);
    shift = Linear(config.latent, finest, /*with_bias=*/false);
  }
  for (const auto& field : config.fields) {
    hidden.emplace_back(width + picture, kHidden);
    out.emplace_back(kHidden, static_cast<int64_t>(field.values.size()));
  }
}

void TaskHeads::visit(Visitor& v) {
  v("query", query_FD);
  v.child("mask", mask);
  if (shift.weight.defined()) {
    v.child("vary", vary);
    v.child("vary_more", vary_more);
    v.child("shift", shift);
  }
  v.child("known_hidden", known_hidden);
  v.child("known_out", known_out);
  for (size_t i = 0; i < hidden.size(); ++i) {
    v.child(fmt::format("hidden.{}", i), hidden[i]);
    v.child(fmt::format("out.{}", i), out[i]);
  }
}

ReaderModel::ReaderModel(ModelConfig made)
    : config(std::move(made)), encoder(config.widths, config.groups), decoder(config.widths, config.groups) {
  for (int64_t b = 0; b < config.blocks; ++b)
    blocks.push_back(std::make_shared<MixingBlock>(config.widths.back(), config.heads, config.mixing,
                                                   static_cast<Site>(b)));
  for (const auto& task : config.tasks)
    heads.push_back(std::make_shared<TaskHeads>(task, config.widths.front(), config.widths.back()));
}

Reading ReaderModel::forward(const Tensor& picture_N1HW, int64_t task, const TokenContext& context,
                             const Tensor& latent_NSL) {
  require<UsageError>(task >= 0 && task < static_cast<int64_t>(heads.size()), "task {} is not of 0 to {}",
                      task, heads.size() - 1);
  const int64_t multiple = int64_t{1} << config.widths.size();
  require(picture_N1HW.dim() == 4 && picture_N1HW.size(1) == 1 && picture_N1HW.size(2) % multiple == 0 &&
              picture_N1HW.size(3) % multiple == 0 && picture_N1HW.numel() > 0,
          "[ultrasound] a picture must be [N,1,H,W] with sides that are multiples of {}", multiple);
  TaskHeads& head = *heads[static_cast<size_t>(task)];
  const int64_t rows = picture_N1HW.size(0), fields = head.query_FD.size(0);

  auto maps = encoder.forward(picture_N1HW);
  const Tensor coarse_NCHW = maps.back();
  const int64_t places = coarse_NCHW.size(2) * coarse_NCHW.size(3), width = coarse_NCHW.size(1);
  const Tensor place_NLD = coarse_NCHW.flatten(2).transpose(1, 2).to(at::kFloat);
  Tensor x_NLD = at::cat({place_NLD, head.query_FD.unsqueeze(0).expand({rows, fields, width})}, 1);
  TokenContext tokens = context;
  tokens.task_T =
      at::cat({at::full({places}, 2 * task, at::kLong), at::full({fields}, 2 * task + 1, at::kLong)})
          .repeat({rows});
  tokens.sequence_T = at::arange(rows, at::kLong).repeat_interleave(places + fields);
  tokens.modality_T = at::ones({rows * (places + fields)}, at::kLong);  // Modality::vision
  for (const auto& block : blocks) x_NLD = block->forward(x_NLD, tokens);

  const Tensor mixed_NCHW = x_NLD.narrow(1, 0, places).transpose(1, 2).reshape_as(coarse_NCHW);
  maps.back() = mixed_NCHW.to(coarse_NCHW.scalar_type());
  const Tensor fine_NCHW = decoder.forward(maps);
  const auto canvas_sized = [&](const Tensor& map_NCHW) {
    return at::upsample_bilinear2d(map_NCHW, picture_N1HW.sizes().slice(2), /*align_corners=*/false);
  };
  Reading reading;
  Tensor mask_N1HW;
  if (const int64_t latent = config.tasks[static_cast<size_t>(task)].latent; latent > 0) {
    Random same(0);  // every picture is read with the same draws
    const Tensor draws_NSL = latent_NSL.defined()
                                 ? latent_NSL
                                 : latent_draws(1, kReadSamples, latent, same).expand({rows, -1, -1});
    const Tensor samples_NSHW = sampled_masks(head, fine_NCHW, draws_NSL);
    mask_N1HW = samples_NSHW.sigmoid().mean(1, /*keepdim=*/true).logit(1 / (1 + std::exp(kSureLogit)));
    reading.samples_NSHW = canvas_sized(samples_NSHW);
  } else {
    mask_N1HW = head.mask.forward(fine_NCHW).to(at::kFloat);
  }
  reading.mask_NHW = canvas_sized(mask_N1HW).squeeze(1);
  // Fields look where the outline is, but do not move it.
  const Tensor inside_N1HW = mask_N1HW.detach().sigmoid();
  const Tensor inside_coarse_N1HW = at::adaptive_avg_pool2d(inside_N1HW, coarse_NCHW.sizes().slice(2));
  const Tensor mixed_float = mixed_NCHW.to(at::kFloat);
  const Tensor picture_ND =
      at::cat({mixed_float.mean({2, 3}), mean_under(mixed_float, inside_coarse_N1HW),
               mean_under(fine_NCHW.to(at::kFloat), inside_N1HW), inside_N1HW.mean({2, 3})},
              1);
  const bool training = context.training();
  const Tensor known_hidden = head.known_hidden.forward(picture_ND).to(at::kFloat).relu();
  reading.known_N = head.known_out.forward(known_hidden).to(at::kFloat).squeeze(1);
  for (int64_t f = 0; f < fields; ++f) {
    const auto i = static_cast<size_t>(f);
    const Tensor all = at::cat({x_NLD.select(1, places + f), picture_ND}, 1);
    const Tensor hidden =
        head.hidden[i].forward(at::dropout(all, config.dropout, training)).to(at::kFloat).relu();
    reading.fields[config.tasks[static_cast<size_t>(task)].fields[i].name] =
        head.out[i].forward(at::dropout(hidden, config.dropout, training)).to(at::kFloat);
  }
  return reading;
}

void ReaderModel::visit(Visitor& v) {
  v.child("encoder", encoder);
  v.child("decoder", decoder);
  v.children("blocks", blocks);
  for (size_t i = 0; i < heads.size(); ++i) v.child("heads." + config.tasks[i].name, heads[i]);
}

Tensor latent_draws(int64_t rows, int64_t samples, int64_t latent, Random& random) {
  const Tensor draws_NSL = at::empty({rows, samples, latent});
  auto draw = draws_NSL.accessor<float, 3>();
  for (int64_t n = 0; n < rows; ++n)
    for (int64_t s = 0; s < samples; ++s)
      for (int64_t l = 0; l < latent; ++l)
        draw[n][s][l] = s % 2 == 1 ? -draw[n][s - 1][l] : static_cast<float>(random.normal());
  return draws_NSL;
}

std::string token_kind_name(const ModelConfig& config, int64_t task_of_token) {
  const auto task = static_cast<size_t>(task_of_token / 2);
  return config.tasks.at(task).name + (task_of_token % 2 == 0 ? " places" : " fields");
}

}  // namespace conclave::ultrasound
