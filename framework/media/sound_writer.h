/// Sound into files: WAV, FLAC, Ogg with Opus, MP3.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <memory>
#include <string>

namespace conclave {

struct SoundFileOptions {
  int64_t bitrate = 0;    ///< bits per second of Opus and MP3; 0: what the encoder takes by itself
  int64_t frame_ms = 20;  ///< of Opus: 20, 40 or 60
  bool constant = false;  ///< Opus: each packet of the same size
};

/// Writes mono sound piece by piece; nothing is seen under the path before finish(). The format goes by the
/// name: .wav (16 bit), .flac (16 bit), .opus and .ogg, .mp3. A rate that the format cannot hold is converted
/// to the next higher one that it can.
class SoundWriter {
 public:
  /// Throws UsageError for another name, Error when the file cannot be made.
  SoundWriter(const std::filesystem::path& path, int64_t sample_rate, const SoundFileOptions& options = {});
  ~SoundWriter();
  SoundWriter(const SoundWriter&) = delete;
  SoundWriter& operator=(const SoundWriter&) = delete;

  /// Samples float32 [N] from -1 to 1; what is beyond is cut. Throws Error for a full disk.
  void write(const at::Tensor& samples_N);
  void finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

void save_sound(const std::filesystem::path& path, const at::Tensor& samples_N, int64_t sample_rate,
                const SoundFileOptions& options = {});

/// Throws UsageError unless a name ends as SoundWriter asks.
void check_sound_name(const std::filesystem::path& path);

/// Little-endian 16-bit samples, as a WAV file and raw streams hold them: round(x · 32767), cut at the ends.
std::string pcm16(const at::Tensor& samples_N);

}  // namespace conclave
