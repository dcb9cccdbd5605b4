/// A folder's picture processor, picture part and cache in one: from pictures to what a prompt takes.
#pragma once

#include <filesystem>
#include <optional>

#include "models/multimodal/picture_cache.h"
#include "models/multimodal/picture_processor.h"

namespace conclave {

/// Pictures as a prompt takes them.
struct LookedAt {
  Inputs inputs;                             ///< without ids
  std::vector<int64_t> tokens;               ///< placeholders of each
  std::vector<std::array<double, 4>> areas;  ///< where each was looked at, as PreparedPictures has them
  int64_t seen = 0;                          ///< that were not known before
};

class PictureLooker {
 public:
  /// Of the folder that `model` was loaded from. At most `most_bytes` of what was seen are kept.
  PictureLooker(std::filesystem::path folder, Ptr<const Multimodal> model, int64_t most_bytes)
      : folder_(std::move(folder)), model_(std::move(model)), cache_(most_bytes) {}

  /// uint8 [H,W,3] each, one by one where the model can and something is kept. Without gradients. Throws
  /// UsageError and DataError as PictureProcessor does.
  LookedAt look_at(const std::vector<Tensor>& pictures);

 private:
  std::filesystem::path folder_;
  Ptr<const Multimodal> model_;
  PictureCache cache_;
};

/// The id of a picture's place, of the "pictures" part of a model's configuration; none: of another kind,
/// whose pictures cannot be asked about.
std::optional<int64_t> picture_place(const Json& config);

/// Each `place` in `ids` as often as its picture has tokens.
std::vector<int64_t> spread_places(const std::vector<int64_t>& ids, int64_t place,
                                   const std::vector<int64_t>& tokens);

}  // namespace conclave
