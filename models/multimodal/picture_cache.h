/// Pictures that a model has seen, for the next question about them.
#pragma once

#include <array>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "models/multimodal/multimodal.h"

namespace conclave {

/// A picture as a prompt needs it.
struct CachedPicture {
  std::shared_ptr<const SeenPicture> seen;
  Tensor grid_13;      ///< "image_grid_thw"; undefined where the processor gives none
  int64_t tokens = 0;  ///< placeholders
  std::array<double, 4> area = {};

  int64_t bytes() const;
};

/// The least recently asked for leave when there are too many. Thread-safe.
class PictureCache {
 public:
  /// 0: nothing is kept.
  explicit PictureCache(int64_t most_bytes) : most_bytes_(most_bytes) {}

  /// By content and settings of a processor: equal for equal pixels uint8 [H,W,3] alone.
  static std::string key_of(const Tensor& picture_HW3, const std::string& settings);

  std::optional<CachedPicture> find(const std::string& key);
  /// What is larger than all room is not kept.
  void put(const std::string& key, const CachedPicture& picture);
  int64_t bytes() const;
  bool keeps() const { return most_bytes_ > 0; }

 private:
  using Entry = std::pair<std::string, CachedPicture>;

  mutable std::mutex lock_;
  const int64_t most_bytes_;
  int64_t bytes_ = 0;
  std::list<Entry> recent_;  ///< the last asked for first
  std::map<std::string, std::list<Entry>::iterator> places_;
};

}  // namespace conclave
