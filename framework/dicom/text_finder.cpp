#include "framework/dicom/text_finder.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <sstream>

#include "framework/base/child_process.h"
#include "framework/base/error.h"
#include "framework/base/file.h"

namespace conclave::dicom {
namespace fs = std::filesystem;
namespace {

// Letters on screens are some 10 pixels high; the recogniser was made for 30.
constexpr int64_t kEnlarge = 3;
constexpr int64_t kMargin = 3;

/// A file of its own, gone at the end.
class Scratch {
 public:
  Scratch() {
    std::string pattern = (fs::temp_directory_path() / "conclave-text-XXXXXX").string();
    const int file = ::mkstemp(pattern.data());
    require(file >= 0, "{}: cannot be made", pattern);
    ::close(file);
    path_ = pattern;
  }
  ~Scratch() {
    std::error_code ignored;
    fs::remove(path_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// Grey and enlarged, dark letters on light ground: each pixel is the brightest channel, upside down.
std::string enlarged_pgm(const Frame& frame) {
  const int64_t width = frame.width * kEnlarge, height = frame.height * kEnlarge;
  std::string bytes = fmt::format("P5\n{} {}\n255\n", width, height);
  const size_t head = bytes.size();
  bytes.resize(head + static_cast<size_t>(width * height));
  for (int64_t y = 0; y < height; ++y)
    for (int64_t x = 0; x < width; ++x) {
      const uint8_t* rgb = &frame.rgb[static_cast<size_t>((y / kEnlarge * frame.width + x / kEnlarge) * 3)];
      bytes[head + static_cast<size_t>(y * width + x)] =
          static_cast<char>(255 - std::max({rgb[0], rgb[1], rgb[2]}));
    }
  return bytes;
}

bool reads_as_word(const std::string& text) {
  const auto letters =
      std::count_if(text.begin(), text.end(), [](unsigned char c) { return std::isalnum(c) || c >= 128; });
  return letters >= 2;
}

}  // namespace

bool can_find_text() {
  return !find_program("tesseract").empty();
}

std::vector<PixelBox> find_text(const Frame& frame) {
  const std::string tesseract = find_program("tesseract");
  require(!tesseract.empty(), "tesseract is not installed");
  const Scratch picture;
  write_file(picture.path(), enlarged_pgm(frame));
  // 11: sparse text, in no order.
  const auto said = run_child({"/usr/bin/env", "OMP_THREAD_LIMIT=1", tesseract, picture.path(), "stdout",
                               "--psm", "11", "quiet", "tsv"});
  require(said.code == 0, "tesseract failed with code {}", said.code);
  std::vector<PixelBox> boxes;
  std::istringstream lines(said.out);
  for (std::string line; std::getline(lines, line);) {
    std::vector<std::string> cells;
    std::istringstream parts(line);
    for (std::string cell; std::getline(parts, cell, '\t');) cells.push_back(cell);
    if (cells.size() < 12 || cells[0] != "5" || std::atof(cells[10].c_str()) < 25 ||
        !reads_as_word(cells[11]))
      continue;
    const int64_t left = std::atoll(cells[6].c_str()) / kEnlarge - kMargin,
                  top = std::atoll(cells[7].c_str()) / kEnlarge - kMargin;
    const int64_t width = std::atoll(cells[8].c_str()) / kEnlarge + 2 * kMargin + 1,
                  height = std::atoll(cells[9].c_str()) / kEnlarge + 2 * kMargin + 1;
    const int64_t x = std::max<int64_t>(left, 0), y = std::max<int64_t>(top, 0);
    boxes.push_back(
        {x, y, std::min(left + width, frame.width) - x, std::min(top + height, frame.height) - y});
  }
  return boxes;
}

}  // namespace conclave::dicom
