// Videos in a prompt: each becomes the places of its frames.
#include <ATen/ATen.h>

#include "framework/base/error.h"
#include "models/checkpoint/speaker.h"

namespace conclave {
namespace {

// A video's place becomes one for each group of frames, each behind the second at which it is shown
// (Qwen3-VL).
std::string with_seconds(const std::string& prompt, const std::string& place, const std::string& bare,
                         const std::vector<PreparedVideos::Places>& videos) {
  std::string spread;
  size_t from = 0;
  for (const auto& video : videos) {
    size_t at = prompt.find(bare, from);
    if (at == prompt.npos) break;  // told by who counts the places
    size_t length = bare.size();
    const size_t inside = place.find(bare);
    if (at >= from + inside && prompt.compare(at - inside, place.size(), place) == 0) {
      at -= inside;
      length = place.size();
    }
    spread += prompt.substr(from, at - from);
    for (const double second : video.seconds) spread += fmt::format("<{:.1f} seconds>{}", second, place);
    from = at + length;
  }
  return spread + prompt.substr(from);
}

}  // namespace

int64_t Speaker::video_token() const {
  const Json& config = folder_.config.value("pictures", Json::object());
  const int64_t token = config.value("kind", "") == "qwen" ? config.value("video_token", int64_t{0}) : 0;
  require<UsageError>(model_->pictures && token > 0, "{} reads no videos", folder_.path.string());
  return token;
}

Frames Speaker::load_video(const std::filesystem::path& file, int64_t most) const {
  video_token();
  const auto processor = VideoProcessor::load(folder_.path);
  return load_numbered_frames(file, [&](int64_t count, double rate) {
    try {
      return processor.sample(count, rate, most);
    } catch (const UsageError& e) {
      throw UsageError(fmt::format("{}: {}", file.string(), e.what()));
    }
  });
}

Inputs Speaker::inputs(const std::string& prompt, bool raw, const Sights& sights, LookedAt& about) const {
  const Tokenizer::EncodeOptions how = {.add_special = raw};
  if (sights.videos.empty()) return inputs(text_.tokenizer.encode(prompt, how), sights.pictures, &about);
  const int64_t token = video_token();
  require<UsageError>(text_.tokenizer.has(token), "{}: the tokenizer has no token for a video",
                      folder_.path.string());
  const auto prepared = VideoProcessor::load(folder_.path).prepare(sights.videos);
  const bool apart = folder_.config["pictures"].value("video", Json::object()).value("apart", false);
  std::vector<int64_t> ids, tokens;
  check_places(text_.tokenizer.encode(prompt, how), token, sights.videos.size(), "videos");
  if (apart) {
    const std::string bare = text_.tokenizer.bytes(token);
    ids = text_.tokenizer.encode(
        with_seconds(prompt, "<|vision_start|>" + bare + "<|vision_end|>", bare, prepared.videos), how);
    for (const auto& video : prepared.videos)
      tokens.insert(tokens.end(), static_cast<size_t>(video.frames), video.tokens);
  } else {
    ids = text_.tokenizer.encode(prompt, how);
    for (const auto& video : prepared.videos) tokens.push_back(video.frames * video.tokens);
  }
  Inputs inputs = this->inputs(spread_places(ids, token, tokens), sights.pictures, &about);
  for (const auto& [name, tensor] : prepared.tensors) inputs.pictures[name] = tensor;
  about.seen += std::ssize(sights.videos);
  return inputs;
}

}  // namespace conclave
