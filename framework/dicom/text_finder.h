/// Burned-in text, found by the program tesseract where it is installed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "framework/dicom/frame.h"

namespace conclave::dicom {

/// The pixels x .. x + width - 1.
struct PixelBox {
  int64_t x = 0, y = 0, width = 0, height = 0;
};

/// Whether text can be looked for at all.
bool can_find_text();

/// Boxes around what reads as words, with a margin of some pixels. It may miss text and may take speckle for
/// text. Throws Error when the program fails.
std::vector<PixelBox> find_text(const Frame& frame);

}  // namespace conclave::dicom
