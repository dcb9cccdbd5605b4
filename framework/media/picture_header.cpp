#include "framework/media/picture_header.h"

#include <algorithm>

#include "framework/media/byte_view.h"

namespace conclave {
namespace {

constexpr std::string_view kPngMark("\x89PNG\r\n\x1a\n", 8);
constexpr std::string_view kExifMark("Exif\0\0", 6);

/// The first directory of a TIFF file, or of EXIF data, which is a TIFF file without a picture.
void read_tiff(std::string_view bytes, const std::string& name, PictureHeader& header) {
  const ByteView view(bytes, name, bytes.substr(0, 2) == "MM");
  const bool wide = view.u16(2) == 43;  // BigTIFF
  const uint64_t directory = wide ? view.number(8, 8) : view.u32(4);
  const uint64_t count = wide ? view.number(directory, 8) : view.u16(directory);
  const uint64_t entry_size = wide ? 20 : 12, first = directory + (wide ? 8 : 2);
  uint64_t tile_width = 0, tile_height = 0;
  view.need(first, 0);
  if (count > (view.size() - first) / entry_size)
    throw DataError(name, fmt::format("offset {}", directory),
                    "the file is cut off: its directory is not whole");
  for (uint64_t i = 0; i < count; ++i) {
    const uint64_t entry = first + i * entry_size, value_at = entry + (wide ? 12 : 8);
    const uint16_t tag = view.u16(entry), type = view.u16(entry + 2);
    const int width = type == 3 ? 2 : type == 4 ? 4 : type == 16 ? 8 : 0;
    if (width == 0) continue;
    if (width == 8 && !wide) continue;
    const uint64_t value = std::min<uint64_t>(view.number(value_at, width), uint64_t{1} << 40);
    if (tag == 256) header.width = static_cast<int64_t>(value);
    if (tag == 257) header.height = static_cast<int64_t>(value);
    if (tag == 274 && value >= 1 && value <= 8) header.orientation = static_cast<int>(value);
    if (tag == 322) tile_width = std::min<uint64_t>(value, uint64_t{1} << 31);
    if (tag == 323) tile_height = std::min<uint64_t>(value, uint64_t{1} << 31);
  }
  header.largest_plane = static_cast<int64_t>(tile_width * tile_height);
}

/// EXIF data is a help, not a condition: what is broken in it leaves the picture upright.
void read_exif(std::string_view bytes, PictureHeader& header) {
  if (bytes.substr(0, 6) == kExifMark) bytes.remove_prefix(6);
  if (bytes.substr(0, 2) != "II" && bytes.substr(0, 2) != "MM") return;
  PictureHeader exif;
  try {
    read_tiff(bytes, "EXIF", exif);
  } catch (const DataError&) {
  }
  header.orientation = exif.orientation;
}

void read_png(std::string_view bytes, const std::string& name, PictureHeader& header) {
  const ByteView view(bytes, name, true);
  for (uint64_t at = kPngMark.size();;) {
    const uint32_t length = view.u32(at);
    const auto kind = view.text(at + 4, 4);
    view.need(at + 8, uint64_t{length} + 4);
    if (at == kPngMark.size()) {
      if (kind != "IHDR" || length != 13) throw DataError(name, "offset 8", "a PNG file without its header");
      header.width = view.u32(at + 8);
      header.height = view.u32(at + 12);
    }
    if (kind == "acTL") header.animated = true;
    if (kind == "eXIf") read_exif(view.text(at + 8, length), header);
    if (kind == "IEND") return;
    at += uint64_t{length} + 12;
  }
}

/// The place of the next marker behind entropy-coded data, where FF 00 is a byte and FF D0 .. D7 go on.
uint64_t skip_scan(const ByteView& view, std::string_view bytes, uint64_t at) {
  for (;; at += 2) {
    const auto found = bytes.find('\xff', at);
    at = found == bytes.npos ? bytes.size() : found;
    const uint8_t next = view.u8(at + 1);
    if (next == 0xff)
      --at;  // a fill byte: look again one further on
    else if (next != 0 && (next < 0xd0 || next > 0xd7))
      return at;
  }
}

void read_jpeg(std::string_view bytes, const std::string& name, PictureHeader& header) {
  const ByteView view(bytes, name, true);
  for (uint64_t at = 2;;) {
    if (view.u8(at) != 0xff)
      throw DataError(name, fmt::format("offset {}", at), "no JPEG marker where one is due");
    const uint8_t marker = view.u8(at + 1);
    if (marker == 0xff) {
      ++at;
      continue;
    }
    if (marker == 0xd9) return;
    at += 2;
    if (marker == 0x01 || (marker >= 0xd0 && marker <= 0xd8)) continue;
    const uint16_t length = view.u16(at);
    if (length < 2)
      throw DataError(name, fmt::format("offset {}", at), "a JPEG segment of impossible length");
    view.need(at, length);
    const bool frame = marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
    if (frame) {
      header.height = std::max<int64_t>(header.height, view.u16(at + 3));
      header.width = std::max<int64_t>(header.width, view.u16(at + 5));
    }
    if (marker == 0xe1 && length >= 8 && view.text(at + 2, 6) == kExifMark)
      read_exif(view.text(at + 2, length - 2u), header);
    at += length;
    if (marker == 0xda) at = skip_scan(view, bytes, at);
  }
}

void read_webp(std::string_view bytes, const std::string& name, PictureHeader& header) {
  const ByteView view(bytes, name, false);
  const uint64_t end = uint64_t{view.u32(4)} + 8;
  view.need(0, end);
  const auto grow = [&](uint64_t width, uint64_t height) {
    header.width = std::max(header.width, static_cast<int64_t>(width));
    header.height = std::max(header.height, static_cast<int64_t>(height));
  };
  for (uint64_t at = 12; at + 8 <= end;) {
    const auto kind = view.text(at, 4);
    const uint64_t length = view.u32(at + 4), data = at + 8;
    view.need(data, length);
    if (kind == "VP8X") {
      header.animated = view.u8(data) & 2;
      grow(view.number(data + 4, 3) + 1, view.number(data + 7, 3) + 1);
    } else if (kind == "VP8 ") {
      grow(view.u16(data + 6) & 0x3fff, view.u16(data + 8) & 0x3fff);
    } else if (kind == "VP8L") {
      const uint32_t bits = view.u32(data + 1);
      grow((bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1);
    } else if (kind == "EXIF") {
      read_exif(view.text(data, length), header);
    }
    at = data + length + length % 2;
  }
}

}  // namespace

PictureHeader read_picture_header(std::string_view bytes, const std::string& name) {
  PictureHeader header;
  if (bytes.starts_with(kPngMark)) {
    read_png(bytes, name, header);
  } else if (bytes.starts_with("\xff\xd8\xff")) {
    header.format = PictureFormat::kJpeg;
    read_jpeg(bytes, name, header);
  } else if (bytes.size() >= 12 && bytes.starts_with("RIFF") && bytes.substr(8, 4) == "WEBP") {
    header.format = PictureFormat::kWebp;
    read_webp(bytes, name, header);
  } else if (bytes.starts_with(std::string_view("II*\0", 4)) ||
             bytes.starts_with(std::string_view("MM\0*", 4)) ||
             bytes.starts_with(std::string_view("II+\0", 4)) ||
             bytes.starts_with(std::string_view("MM\0+", 4))) {
    header.format = PictureFormat::kTiff;
    read_tiff(bytes, name, header);
  } else if (bytes.starts_with("GIF8") && bytes.size() > 10) {
    header.format = PictureFormat::kGif;
    const ByteView view(bytes, name, false);
    header.width = view.u16(6);
    header.height = view.u16(8);
  } else {
    const auto what = describe_bytes(bytes);
    throw DataError(name, "",
                    fmt::format("{}; a picture is wanted (PNG, JPEG, WebP, TIFF, GIF)",
                                what.empty() ? "is no picture of a known format" : "is " + what));
  }
  if (header.width < 1 || header.height < 1)
    throw DataError(name, "", fmt::format("the picture's size is {} x {}", header.width, header.height));
  constexpr int64_t kSide = int64_t{1} << 31;  // keeps the product below from overflowing
  header.largest_plane =
      std::max(header.largest_plane, std::min(header.width, kSide) * std::min(header.height, kSide));
  return header;
}

std::string describe_bytes(std::string_view bytes) {
  if (bytes.empty()) return "empty";
  constexpr struct {
    size_t at;
    std::string_view mark;
    const char* what;
  } kMarks[] = {{8, "WAVE", "a WAV sound file"},
                {8, "AVI ", "an AVI video"},
                {0, "fLaC", "a FLAC sound file"},
                {0, "OggS", "an Ogg sound or video file"},
                {0, "ID3", "an MP3 sound file"},
                {0, "\xff\xfb", "an MP3 sound file"},
                {0, "MThd", "a MIDI file"},
                {4, "ftyp", "an MP4 or QuickTime file"},
                {0, "\x1a\x45\xdf\xa3", "a Matroska or WebM video"},
                {0, "YUV4MPEG2", "a Y4M video"},
                {0, "%PDF", "a PDF document"},
                {128, "DICM", "a DICOM file"},
                {0, "PK\x03\x04", "a ZIP archive"},
                {0, "BM", "a BMP picture"},
                {0, "{", "text"},
                {0, "<", "text (HTML, SVG or XML)"}};
  for (const auto& [at, mark, what] : kMarks)
    if (bytes.size() > at && bytes.substr(at).starts_with(mark)) return what;
  const auto printable = [](char c) { return (c >= ' ' && c <= '~') || c == '\n' || c == '\r' || c == '\t'; };
  const auto begin = bytes.substr(0, 256);
  constexpr size_t kFew = 16;  // bytes that may be printable by chance
  return bytes.size() >= kFew && std::all_of(begin.begin(), begin.end(), printable) ? "text" : "";
}

}  // namespace conclave
