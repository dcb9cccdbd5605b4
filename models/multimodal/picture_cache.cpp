#include "models/multimodal/picture_cache.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "framework/base/sha256.h"

namespace conclave {

int64_t CachedPicture::bytes() const {
  int64_t bytes = 0;
  for (const auto& [name, tensor] : *seen) bytes += static_cast<int64_t>(tensor.nbytes());
  return bytes;
}

std::string PictureCache::key_of(const Tensor& picture_HW3, const std::string& settings) {
  const Tensor pixels = picture_HW3.contiguous();
  const std::string_view bytes(reinterpret_cast<const char*>(pixels.const_data_ptr<uint8_t>()),
                               pixels.nbytes());
  return fmt::format("{}x{} {} {}", pixels.size(1), pixels.size(0), sha256(bytes), settings);
}

std::optional<CachedPicture> PictureCache::find(const std::string& key) {
  const std::lock_guard guard(lock_);
  const auto found = places_.find(key);
  if (found == places_.end()) return std::nullopt;
  recent_.splice(recent_.begin(), recent_, found->second);
  return found->second->second;
}

void PictureCache::put(const std::string& key, const CachedPicture& picture) {
  const std::lock_guard guard(lock_);
  if (picture.bytes() > most_bytes_ || places_.contains(key)) return;
  recent_.emplace_front(key, picture);
  places_[key] = recent_.begin();
  bytes_ += picture.bytes();
  while (bytes_ > most_bytes_) {
    bytes_ -= recent_.back().second.bytes();
    places_.erase(recent_.back().first);
    recent_.pop_back();
  }
}

int64_t PictureCache::bytes() const {
  const std::lock_guard guard(lock_);
  return bytes_;
}

}  // namespace conclave
