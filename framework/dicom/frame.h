/// Pictures as a scanner gives them, one frame at a time: a clip of any length takes the memory of one frame.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace conclave::dicom {

struct Frame {
  int64_t width = 0, height = 0;
  std::vector<uint8_t> rgb;  ///< height x width x 3, row by row
};

class FrameSource {
 public:
  virtual ~FrameSource() = default;
  /// At least 1.
  virtual int64_t frame_count() const = 0;
  /// Frame `index`, counted from 0. Going forward is quick; going back may begin anew. Throws DataError for
  /// broken bytes, UsageError for an index that is not there.
  virtual Frame read(int64_t index) = 0;
  /// Names the source in messages and evidence.
  virtual std::string name() const = 0;
};

}  // namespace conclave::dicom
