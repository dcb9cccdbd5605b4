#include "models/audio/clip_classifier.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <cmath>

#include "framework/base/config_object.h"
#include "models/audio/codec_task.h"
#include "models/audio/sound_distance.h"

namespace conclave {
namespace {

constexpr double kLevel = -20;       // dB of full scale
constexpr double kMostShift = 0.15;  // seconds
constexpr double kSpeed = 0.1;       // a clip is played so much faster or slower

}  // namespace

ClipClassifier::ClipClassifier(std::vector<std::string> labels, int64_t sample_rate, int64_t width,
                               int64_t embedding)
    : labels(std::move(labels)),
      sample_rate(sample_rate),
      to_embedding(2 * width, embedding),
      head(embedding, static_cast<int64_t>(this->labels.size())) {
  for (const int64_t stride : {1, 2, 2}) {
    convs.push_back(std::make_shared<Conv1d>(convs.empty() ? bands : width, width, 5,
                                             Conv1d::Options{.stride = stride, .padding = 2}));
    norms.push_back(std::make_shared<LayerNorm>(width));
  }
}

Tensor ClipClassifier::prepare(const Tensor& clip_N) const {
  const auto length = static_cast<int64_t>(std::lround(seconds * static_cast<double>(sample_rate)));
  const Tensor cut_N = at_level(clip_N.slice(0, 0, length), kLevel);
  return at::constant_pad_nd(cut_N, {0, length - cut_N.size(0)});
}

Tensor ClipClassifier::embed(const Tensor& clips_BN) const {
  const int64_t n_fft = sample_rate >= 16000 ? 512 : 256;
  Tensor x_BCT = log_mel(clips_BN, n_fft, bands, sample_rate);
  x_BCT = x_BCT.clamp_min(-2);  // what lies below is noise of recordings
  for (size_t i = 0; i < convs.size(); ++i)
    x_BCT = at::gelu(norms[i]->forward(convs[i]->forward(x_BCT).transpose(1, 2))).transpose(1, 2);
  return to_embedding.forward(at::cat({x_BCT.mean(2), x_BCT.amax(2)}, 1));
}

int64_t ClipClassifier::classify(const Tensor& clip_N) const {
  const at::NoGradGuard no_grad;
  return logits(embed(prepare(clip_N).unsqueeze(0))).argmax(1).item<int64_t>();
}

Tensor ClipClassifier::voice(const Tensor& clip_N) const {
  const at::NoGradGuard no_grad;
  const Tensor e_E = embed(prepare(clip_N).unsqueeze(0))[0];
  return e_E / e_E.norm().clamp_min(1e-8);
}

void ClipClassifier::visit(Visitor& v) {
  v.children("convs", convs);
  v.children("norms", norms);
  v.child("to_embedding", to_embedding);
  v.child("head", head);
}

Ptr<ClipClassifier> make_clip_classifier(const Json& config) {
  ConfigObject c(config, "classifier");
  c.one_of("kind", {"classifier"});
  const auto labels = c.need<std::vector<std::string>>("labels");
  const auto rate = c.get_integer("sample_rate", 8000, 2000), width = c.get_integer("width", 96, 1),
             embedding = c.get_integer("embedding", 64, 1);
  require<UsageError>(
      labels.size() >= 2 && labels.size() <= 100'000 && rate <= 48000 && width <= 4096 && embedding <= 4096,
      "classifier: two labels or more, up to 48000 Hz and a width of up to 4096 are allowed");
  c.finish();
  return std::make_shared<ClipClassifier>(labels, rate, width, embedding);
}

ClassifierTask::ClassifierTask(Ptr<ClipClassifier> model, std::vector<LabelledClip> clips,
                               std::vector<LabelledClip> held_out)
    : model_(std::move(model)), clips_(std::move(clips)), held_out_(std::move(held_out)) {
  require<UsageError>(!clips_.empty(), "[classifier] no clips to train on");
  set_trainable(*model_, true);
}

StepLoss ClassifierTask::loss(MicroBatch& batch) {
  const auto rate = static_cast<double>(model_->sample_rate);
  std::vector<Tensor> heard;
  std::vector<int64_t> labels;
  for (const int64_t item : batch.items) {
    const auto& clip = clips_[static_cast<size_t>(item)];
    const double speed = 1 + kSpeed * (2 * batch.random.uniform() - 1);
    const auto length =
        std::max<int64_t>(static_cast<int64_t>(static_cast<double>(clip.samples_N.size(0)) / speed), 1);
    Tensor x_N =
        at::upsample_linear1d(clip.samples_N.view({1, 1, -1}), {length}, /*align_corners=*/false).flatten();
    const auto shift = static_cast<int64_t>(batch.random.uniform() * kMostShift * rate);
    x_N = model_->prepare(at::constant_pad_nd(x_N, {shift, 0}));
    // Noise between 60 and 20 dB below the clip.
    const double noise = std::pow(10, (kLevel - 20 - 40 * batch.random.uniform()) / 20);
    heard.push_back(x_N + at::randn_like(x_N) * noise);
    labels.push_back(clip.label);
  }
  const Tensor logits = model_->logits(model_->embed(at::stack(heard)));
  const Tensor wanted = at::tensor(labels, at::kLong);
  StepLoss result;
  result.weight = static_cast<double>(labels.size());
  result.loss = at::cross_entropy_loss(logits, wanted, {}, at::Reduction::Mean, -100, 0.05);
  result.metrics["accuracy"] = logits.argmax(1).eq(wanted).to(at::kDouble).mean().item<double>();
  return result;
}

Metrics ClassifierTask::evaluate() {
  if (held_out_.empty()) return {};
  double right = 0, loss = 0;
  for (const auto& clip : held_out_) {
    const Tensor logits = model_->logits(model_->embed(model_->prepare(clip.samples_N).unsqueeze(0)));
    right += logits.argmax(1).item<int64_t>() == clip.label;
    loss += at::cross_entropy_loss(logits, at::tensor({clip.label}, at::kLong)).item<double>();
  }
  const auto count = static_cast<double>(held_out_.size());
  return {{"accuracy", right / count}, {"loss", loss / count}};
}

}  // namespace conclave
