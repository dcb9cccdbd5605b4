/// Sound out of files: WAV, FLAC, MP3, Ogg, Opus, AAC, AIFF, Matroska, MP4 and what else FFmpeg decodes.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace conclave {

struct SoundInfo {
  int64_t sample_rate = 0;  ///< of the file
  int64_t channels = 0;
  double seconds = 0;  ///< as the file says; 0: it does not
};

/// Reads a file piece by piece, in bounded memory, as mono at one rate. Channels are averaged; rates are
/// converted by libsoxr through libswresample.
class SoundReader {
 public:
  /// `sample_rate` 0 keeps the file's own. Throws DataError for what is no sound.
  explicit SoundReader(const std::filesystem::path& path, int64_t sample_rate = 0);
  /// From memory, which must outlive the reader; `name` stands in messages.
  SoundReader(std::string_view bytes, const std::string& name, int64_t sample_rate = 0);
  ~SoundReader();
  SoundReader(const SoundReader&) = delete;
  SoundReader& operator=(const SoundReader&) = delete;

  const SoundInfo& info() const;
  int64_t sample_rate() const;
  /// The next samples float32 [N] from -1 to 1, N > 0; undefined at the end. Throws DataError for a packet
  /// that cannot be decoded, for samples that are no finite numbers, and at an end before the one that the
  /// file's header tells.
  at::Tensor read();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

struct SoundOptions {
  int64_t sample_rate = 0;    ///< 0: the file's own
  double max_seconds = 3600;  ///< longer sound is an error, or with `cut` ends there
  bool cut = false;
};

struct Sound {
  at::Tensor samples_N;  ///< float32 mono
  int64_t sample_rate = 0;
  double seconds() const { return static_cast<double>(samples_N.size(0)) / static_cast<double>(sample_rate); }
};

/// The whole of a file. Throws DataError, also for a file without one sample.
Sound load_sound(const std::filesystem::path& path, const SoundOptions& options = {});
Sound decode_sound(std::string_view bytes, const std::string& name, const SoundOptions& options = {});

}  // namespace conclave
