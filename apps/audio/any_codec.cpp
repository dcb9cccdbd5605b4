#include "apps/audio/any_codec.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <vector>

#include "apps/audio/sound_model.h"
#include "framework/base/error.h"
#include "models/checkpoint/checkpoint.h"
#include "models/checkpoint/kinds.h"

namespace conclave {
namespace fs = std::filesystem;
namespace {

struct StreamEncoder : SoundEncoder {
  StreamEncoder(const SpectralCodec& codec, int64_t books) : encoder(codec, books) {}
  Tensor push(const Tensor& samples_N) override { return encoder.push(samples_N); }
  Tensor finish() override { return encoder.finish(); }
  SpectralEncoder encoder;
};

struct StreamDecoder : SoundDecoder {
  explicit StreamDecoder(const SpectralCodec& codec) : decoder(codec) {}
  Tensor push(const Tensor& codes_KF) override { return decoder.push(codes_KF); }
  Tensor finish() override { return decoder.finish(); }
  SpectralDecoder decoder;
};

class WholeEncoder : public SoundEncoder {
 public:
  WholeEncoder(Ptr<Codec> codec, int64_t books) : codec_(std::move(codec)), books_(books) {}
  Tensor push(const Tensor& samples_N) override {
    pieces_.push_back(samples_N);
    samples_ += samples_N.size(0);
    require<UsageError>(
        static_cast<double>(samples_) <= kWholeSeconds * static_cast<double>(codec_->sample_rate),
        "a published codec encodes {:.0f} s at once: cut the sound into pieces", kWholeSeconds);
    return at::zeros({books_, 0}, at::kLong);
  }
  Tensor finish() override {
    const at::NoGradGuard no_grad;
    if (samples_ == 0) return at::zeros({books_, 0}, at::kLong);
    const int64_t frames = (samples_ + codec_->hop - 1) / codec_->hop;
    const Tensor whole_N = at::constant_pad_nd(at::cat(pieces_), {0, frames * codec_->hop - samples_});
    return codec_->encode(whole_N.view({1, 1, -1}), books_)[0].slice(1, 0, frames);
  }

 private:
  Ptr<Codec> codec_;
  int64_t books_, samples_ = 0;
  std::vector<Tensor> pieces_;
};

class WholeDecoder : public SoundDecoder {
 public:
  explicit WholeDecoder(Ptr<Codec> codec) : codec_(std::move(codec)) {}
  Tensor push(const Tensor& codes_KF) override {
    pieces_.push_back(codes_KF);
    return at::zeros({0});
  }
  Tensor finish() override {
    const at::NoGradGuard no_grad;
    if (pieces_.empty()) return at::zeros({0});
    return codec_->decode(at::cat(pieces_, 1).unsqueeze(0))[0].mean(0);
  }

 private:
  Ptr<Codec> codec_;
  std::vector<Tensor> pieces_;
};

// The file that open_weights would read first.
fs::path weights_file(const fs::path& path) {
  if (fs::is_regular_file(path)) return path;
  for (const char* name : {"model.safetensors", "model.safetensors.index.json",
                           "pytorch_model.bin.index.json", "pytorch_model.bin"})
    if (fs::exists(path / name)) return path / name;
  for (const auto& entry : fs::directory_iterator(path))
    if (entry.path().extension() == ".pth" || entry.path().extension() == ".pt") return entry.path();
  return path / "config.json";
}

bool is_ours(const fs::path& path) {
  return !fs::is_regular_file(path) && fs::exists(path / "config.json") &&
         read_json(path / "config.json").contains("kind");
}

}  // namespace

std::unique_ptr<SoundEncoder> AnyCodec::encoder(int64_t books) const {
  if (whole) return std::make_unique<WholeEncoder>(codec, books);
  return std::make_unique<StreamEncoder>(static_cast<const SpectralCodec&>(*codec), books);
}

std::unique_ptr<SoundDecoder> AnyCodec::decoder() const {
  if (whole) return std::make_unique<WholeDecoder>(codec);
  return std::make_unique<StreamDecoder>(static_cast<const SpectralCodec&>(*codec));
}

AnyCodec open_any_codec(const fs::path& folder) {
  const fs::path path = codec_folder(folder);
  if (is_ours(path)) {
    const OpenCodec opened = open_codec(path);
    return {opened.codec, opened.id, false};
  }
  const CheckpointFolder found = open_checkpoint(path);
  require<UsageError>(is_codec(found.config), "{}: is no codec ({})", path.string(),
                      found.architecture->name);
  return {load_as(found, make_codec, at::kFloat), file_id(weights_file(path)), true};
}

}  // namespace conclave
