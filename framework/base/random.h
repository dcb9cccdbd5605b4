/// Random streams with known answers: Philox4x32-10 (Salmon et al., SC'11), the same on every machine.
/// A stream is (seed, name): two streams of one seed are independent, so adding a draw to one leaves the
/// others.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace conclave {

/// Ten rounds of Philox on one counter block.
std::array<uint32_t, 4> philox4x32(std::array<uint32_t, 4> counter, std::array<uint32_t, 2> key);

/// Not thread-safe; copy it to replay it. Fits the standard library's engine requirements.
class Random {
 public:
  using result_type = uint32_t;
  explicit Random(uint64_t seed, std::string_view stream = "");

  static constexpr uint32_t min() { return 0; }
  static constexpr uint32_t max() { return 0xffffffffu; }
  uint32_t operator()();
  /// Uniform in [0, 1), 53 bits.
  double uniform();
  /// Uniform in [0, n), without bias; n >= 1.
  uint64_t below(uint64_t n);
  /// Standard normal (Box-Muller).
  double normal();
  bool chance(double probability) { return uniform() < probability; }
  /// 0..n-1 in random order (Fisher-Yates).
  std::vector<int64_t> permutation(int64_t n);

  /// Place in the stream: a saved and restored place continues bit for bit.
  uint64_t position() const { return position_; }
  void seek(uint64_t position);

 private:
  std::array<uint32_t, 2> key_;
  std::array<uint32_t, 2> stream_;
  uint64_t position_ = 0;  // 32-bit words drawn
  std::array<uint32_t, 4> block_{};
};

/// FNV-1a, for stream names and cache keys; stable across platforms.
uint64_t fnv1a(std::string_view bytes);

}  // namespace conclave
